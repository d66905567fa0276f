package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/byleave/byleave/bench/redaction/page"
)

// done keeps what was measured, page by page, in a file, so that a run of hours can be stopped and gone on with. A page counts as measured only if
// it and all programs that had a part in it are the same to the byte.
type done struct {
	pages    map[string]counts
	file     *os.File
	programs [sha256.Size]byte
}

// line is one page in the file.
type line struct {
	Key    string `json:"key"`
	Counts counts `json:"counts"`
}

// openDone reads what was measured with these programs before.
func openDone(file string, programs []string) (*done, error) {
	d := &done{pages: map[string]counts{}}
	h := sha256.New()
	for _, name := range programs {
		b, err := os.ReadFile(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		fmt.Fprintf(h, "%d\n", len(b))
		h.Write(b)
	}
	h.Sum(d.programs[:0])
	if b, err := os.Open(file); err == nil {
		lines := bufio.NewScanner(b)
		for lines.Scan() {
			var l line
			if json.Unmarshal(lines.Bytes(), &l) == nil { // half a line is a page that was being written
				d.pages[l.Key] = l.Counts
			}
		}
		if err := errors.Join(lines.Err(), b.Close()); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	d.file = f
	return d, err
}

// key names a page together with what measures it.
func (d *done) key(p page.Page, deep bool) string {
	h := sha256.New()
	fmt.Fprintf(h, "%x %v %q", d.programs, deep, []any{p.Name, p.HTML, p.Width, p.Height, p.Scale})
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// add keeps a page.
func (d *done) add(key string, c counts) error {
	b, err := json.Marshal(line{key, c})
	if err == nil {
		_, err = d.file.Write(append(append([]byte("\n"), b...), '\n')) // begins anew behind half a line
	}
	return err
}

func (d *done) close() { _ = d.file.Close() } // each page was written whole
