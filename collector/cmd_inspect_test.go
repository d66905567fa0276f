package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/envelope/seal"
)

// TestInspectShowsTheHeaderAndNothingElse prints a box both ways and looks for the facts of its header and for its content.
func TestInspectShowsTheHeaderAndNothingElse(t *testing.T) {
	const canary = "canary-7f3a"
	key := func() hpke.PublicKey {
		k, err := hpke.MLKEM768X25519().GenerateKey()
		if err != nil {
			t.Fatal(err)
		}
		return k.PublicKey()
	}
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	box, err := seal.Seal(seal.Params{Subject: [16]byte{1}, Device: [16]byte{2}, Consent: [16]byte{3}, Purpose: "train-agents", Sequence: 5,
		Custodians: []hpke.PublicKey{key(), key()}, Vault: key(), Person: key(), Sign: sign}, []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.box")
	if err := os.WriteFile(path, box.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var text, asJSON, errs bytes.Buffer
	if run([]string{"inspect", path}, &text, &errs) != 0 || run([]string{"inspect", "--json", path}, &asJSON, &errs) != 0 {
		t.Fatal(errs.String())
	}
	batch := box.Header().Batch
	for _, want := range []string{hex.EncodeToString(batch[:]), "train-agents", "sequence   5", "custodian", "vault", "person"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in:\n%s", want, text.String())
		}
	}
	var v view
	if err := json.Unmarshal(asJSON.Bytes(), &v); err != nil || len(v.Capsules) != 4 || v.Sequence != 5 || v.Batch != hex.EncodeToString(batch[:]) {
		t.Fatalf("%v: %s", err, asJSON.String())
	}
	if strings.Contains(text.String()+asJSON.String(), canary) {
		t.Fatal("content was printed")
	}
}
