package embed

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// journal is the folder of erasures, one file per intent, outside the index: an index that is restored from before an erasure
// finds here what it has to destroy again before anybody reads it. A file holds random ids and a time.
type journal struct {
	disk disk
	dir  string
}

const (
	journalName  = "erasures"
	intentSuffix = ".erase"
)

// write makes the intent durable.
func (j journal) write(e store.Erasure) error {
	body, err := deposit.EncodeIntent(e)
	if err == nil {
		err = writeDurably(j.disk, filepath.Join(j.dir, hex.EncodeToString(e.ID[:])+intentSuffix), body)
	}
	if err != nil {
		return fmt.Errorf("store: write down an erasure: %w", err)
	}
	return nil
}

// prune removes an intent that was written before a time.
func (j journal) prune(id store.ID, before time.Time) error {
	path := filepath.Join(j.dir, hex.EncodeToString(id[:])+intentSuffix)
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Before(before) {
		return nil // it goes at another start
	}
	if err := j.disk.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("store: remove an old erasure: %w", err)
	}
	return nil
}

// list returns the ids of all intents.
func (j journal) list() ([]store.ID, error) {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, fmt.Errorf("store: list the erasures: %w", err)
	}
	var out []store.ID
	for _, e := range entries {
		if id, ok := deposit.ParseID(strings.TrimSuffix(e.Name(), intentSuffix)); ok && strings.HasSuffix(e.Name(), intentSuffix) {
			out = append(out, id)
		}
	}
	return out, nil
}

// read returns one intent; ok is false if the file holds none.
func (j journal) read(id store.ID) (e store.Erasure, ok bool, err error) {
	body, err := os.ReadFile(filepath.Join(j.dir, hex.EncodeToString(id[:])+intentSuffix))
	if err != nil {
		return e, false, fmt.Errorf("store: read an erasure: %w", err)
	}
	e, ok = deposit.DecodeIntent(id, body)
	return e, ok, nil
}
