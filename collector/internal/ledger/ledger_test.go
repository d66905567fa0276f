package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// TestPersonLeavesHaveOneShape: a batch, a consent and a withdrawal look alike, and the same thing twice looks like two.
func TestPersonLeavesHaveOneShape(t *testing.T) {
	d := sha256.Sum256([]byte("box"))
	leaves := []store.Leaf{Batch(d), Batch(d), Consent([]byte("signed")), Consent(d[:])}
	for i, l := range leaves {
		if l.Kind != store.PersonLeaf || len(l.Body) != 32 || len(l.Salt) != 32 {
			t.Fatalf("leaf %d: %+v", i, l)
		}
		for _, m := range leaves[:i] {
			if bytes.Equal(l.Body, m.Body) || bytes.Equal(l.Salt, m.Salt) {
				t.Fatal("two leaves can be linked")
			}
		}
	}
}

func TestExportLeafIsReadableAndNamesNobody(t *testing.T) {
	e := store.Export{ID: store.ID{1}, Custodian: store.ID{0xcc}, Query: store.Query{Purpose: "train"}, At: time.Unix(7300, 0)}
	l, err := Export(e, "Works council", store.Plan{Boxes: 3, Bytes: 4})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(l.Body, &got); err != nil {
		t.Fatal(err)
	}
	if l.Kind != store.ExportLeaf || l.Salt != nil || got["custodian"] != "Works council" || got["boxes"] != 3.0 || got["hour"] != 7200.0 || len(got) != 9 {
		t.Fatalf("%v", got)
	}
}

func TestKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := PublicKey(dir); err == nil {
		t.Fatal("no key yet")
	}
	if err := CreateKey(dir); err != nil {
		t.Fatal(err)
	}
	if CreateKey(dir) == nil {
		t.Fatal("the key was replaced")
	}
	if pub, err := PublicKey(dir); err != nil || len(pub) != 32 {
		t.Fatal(pub, err)
	}
}
