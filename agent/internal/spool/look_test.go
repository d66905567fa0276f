package spool

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/policy"
)

// TestLookBesideAnAgent: who looks sees every box that a working spool keeps, once, with its span, and what does not belong there; and
// a box that leaves meanwhile can still be read. Nothing is changed.
func TestLookBesideAnAgent(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	s, _, err := Open(OS(), dir, quiet)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Use(testKeys([16]byte{3})); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1_764_064_800, 0)
	for i := range 3 {
		from := at.Add(time.Duration(i) * time.Minute)
		if err := s.Append(redact.NewGap(from, from.Add(5*time.Second), policy.Blind)); err != nil {
			t.Fatal(err)
		}
		if err := s.Cut(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "holiday.jpg"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := NewLooker(OS(), dir)
	found, err := l.Look()
	if err != nil || len(found) != 4 {
		t.Fatalf("%d found, %v", len(found), err)
	}
	before := map[string][]byte{}
	for i, f := range found[:3] {
		from := at.Add(time.Duration(i) * time.Minute)
		raw, err := f.Raw()
		if err != nil || f.Place != Waiting || f.Sequence != uint64(i+1) || !f.From.Equal(from) || !f.Until.Equal(from.Add(5*time.Second)) {
			t.Errorf("box %d: %+v, %v", i+1, f, err)
		}
		before[f.Name] = raw
	}
	if found[3].Place != Aside || found[3].Sequence != 0 {
		t.Errorf("a foreign file is taken for a box: %+v", found[3])
	}
	if err := s.Sent(found[0].Batch); err != nil {
		t.Fatal(err)
	}
	if raw, err := found[0].Raw(); err != nil || !bytes.Equal(raw, before[found[0].Name]) {
		t.Errorf("a box that left meanwhile cannot be read: %v", err)
	}
	again, err := l.Look()
	if err != nil || len(again) != 4 || again[0].Place != Copy || again[1].Place != Waiting {
		t.Errorf("after one left: %+v, %v", again, err)
	}
	if none, err := NewLooker(OS(), filepath.Join(dir, "nowhere")).Look(); err != nil || len(none) != 0 {
		t.Errorf("no folder: %v, %v", none, err)
	}
}
