package embed

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
)

// FuzzReadKey: a key file is read whole or not at all, and what it says is what it holds.
func FuzzReadKey(f *testing.F) {
	good := epochKey{number: 7, key: [32]byte{1, 2, 3}}.encode()
	f.Add(good)
	f.Add(good[:40])
	f.Add(bytes.Repeat([]byte{0}, ringFile))
	path := filepath.Join(f.TempDir(), "x.key")
	f.Fuzz(func(t *testing.T, raw []byte) {
		must(t, os.WriteFile(path, raw, 0o600))
		k, err := readKey(path)
		must(t, err)
		if k != (epochKey{}) && !bytes.Equal(k.encode(), raw) {
			t.Fatal("a key that the file does not hold")
		}
	})
}

// FuzzIntent: an erasure's file is read as it was written, or said to hold none; it never stops a start.
func FuzzIntent(f *testing.F) {
	id := store.ID{1}
	j := journal{osDisk{}, f.TempDir()}
	if err := j.write(store.Erasure{ID: id, Subject: store.ID{2}, Batches: []store.ID{{3}}}); err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(j.dir, hex.EncodeToString(id[:])+intentSuffix)
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-2])
	f.Fuzz(func(t *testing.T, raw []byte) {
		must(t, os.WriteFile(path, raw, 0o600))
		e, ok, err := j.read(id)
		must(t, err)
		if !ok {
			return
		}
		must(t, j.write(e))
		again, ok, err := j.read(id)
		must(t, err)
		if !ok || again.Subject != e.Subject || again.All != e.All || len(again.Batches) != len(e.Batches) || !again.At.Equal(e.At) {
			t.Fatalf("%+v became %+v", e, again)
		}
	})
}
