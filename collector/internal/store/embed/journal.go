package embed

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// journal is the folder of erasures, one file per intent, outside the index: an index that is restored from before an erasure
// finds here what it has to destroy again before anybody reads it. A file holds random ids and a time.
type journal struct {
	disk disk
	dir  string
}

const intentSuffix = ".erase"

// intentJSON is an erasure on disk.
type intentJSON struct {
	ID      string   `json:"id"`
	Subject string   `json:"subject"`
	All     bool     `json:"all"`
	Batches []string `json:"batches,omitempty"`
	At      int64    `json:"at"`
	Salt    []byte   `json:"salt,omitempty"`
}

// write makes the intent durable.
func (j journal) write(e store.Erasure) error {
	out := intentJSON{ID: hex.EncodeToString(e.ID[:]), Subject: hex.EncodeToString(e.Subject[:]), All: e.All, At: e.At.Unix(), Salt: e.Salt[:]}
	for _, b := range e.Batches {
		out.Batches = append(out.Batches, hex.EncodeToString(b[:]))
	}
	body, err := json.Marshal(out)
	if err == nil {
		err = writeDurably(j.disk, filepath.Join(j.dir, out.ID+intentSuffix), body)
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
		if id, ok := idOf(strings.TrimSuffix(e.Name(), intentSuffix)); ok && strings.HasSuffix(e.Name(), intentSuffix) {
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
	var in intentJSON
	if json.Unmarshal(body, &in) != nil {
		return e, false, nil
	}
	e = store.Erasure{ID: id, All: in.All, At: time.Unix(in.At, 0).UTC()}
	copy(e.Salt[:], in.Salt)
	if e.Subject, ok = idOf(in.Subject); !ok {
		return e, false, nil
	}
	for _, text := range in.Batches {
		b, ok := idOf(text)
		if !ok {
			return e, false, nil
		}
		e.Batches = append(e.Batches, b)
	}
	return e, true, nil
}

func idOf(text string) (store.ID, bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 16 {
		return store.ID{}, false
	}
	return store.ID(raw), true
}
