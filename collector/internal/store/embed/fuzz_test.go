package embed

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// FuzzReadKey: a key file is read whole or not at all, and what it says is what it holds.
func FuzzReadKey(f *testing.F) {
	good := encodeKey(deposit.Epoch{Number: 7, Key: [32]byte{1, 2, 3}})
	f.Add(good)
	f.Add(good[:40])
	f.Add(bytes.Repeat([]byte{0}, ringFile))
	path := filepath.Join(f.TempDir(), "x.key")
	f.Fuzz(func(t *testing.T, raw []byte) {
		must(t, os.WriteFile(path, raw, 0o600))
		k, err := readKey(path)
		must(t, err)
		if k != (deposit.Epoch{}) && !bytes.Equal(encodeKey(k), raw) {
			t.Fatal("a key that the file does not hold")
		}
	})
}

// FuzzPack: whatever a pack holds and wherever a row points, a record is read as it was written or said to be damaged.
func FuzzPack(f *testing.F) {
	dir := f.TempDir()
	p := packs{dir: dir, disk: osDisk{}, next: 1}
	batch := store.ID{1}
	places, synced, err := p.append([]*store.Record{{Batch: batch, Head: []byte("head"), Payload: []byte("payload")}})
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(synced(), p.close()); err != nil {
		f.Fatal(err)
	}
	at := places[0].at
	path := filepath.Join(dir, packName(1))
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, at, int64(4), int64(7))
	f.Add(good, at, int64(7), int64(4))
	f.Add(good[:len(good)-1], at, int64(4), int64(7))
	f.Add(good, int64(-1), int64(1)<<40, int64(-1)<<40)
	f.Add([]byte{}, int64(1)<<62, int64(0), int64(0))
	f.Fuzz(func(t *testing.T, raw []byte, at, head, payload int64) {
		must(t, os.WriteFile(path, raw, 0o600))
		h, b, err := p.read(place{pack: 1, at: at}, batch, head, payload)
		if err != nil {
			if !errors.Is(err, store.ErrDamaged) {
				t.Errorf("not said to be damaged: %v", err)
			}
			return
		}
		if int64(len(h)) != head || int64(len(b)) != payload || !bytes.Contains(raw, h) || !bytes.Contains(raw, b) {
			t.Error("a record that the pack does not hold")
		}
	})
}
