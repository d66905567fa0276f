package canary

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Found says where a canary was found and in which form.
type Found struct {
	Canary string `json:"canary"`
	Where  string `json:"where"`
	Form   string `json:"form"`
}

// Search looks for canaries. Its methods may be called from several goroutines.
type Search struct {
	canaries []Canary
	forms    map[string][]form

	mu     sync.Mutex
	found  []Found
	Looked Counts
	seen   map[[32]byte]bool // pictures that were read already
}

// Counts say how much was looked at.
type Counts struct {
	Files    int   `json:"files"`
	Bytes    int64 `json:"bytes"`
	Boxes    int   `json:"boxes"`
	Pictures int   `json:"pictures"`
	Shown    int   `json:"shown"` // pictures in whose mask clean lines are shown again
}

// NewSearch makes a search for these canaries.
func NewSearch(canaries []Canary) *Search {
	s := &Search{canaries: canaries, forms: map[string][]form{}, seen: map[[32]byte]bool{}}
	for _, c := range canaries {
		if c.Text != "" {
			s.forms[c.Name] = forms(c.Text)
		}
	}
	return s
}

// Found lists what was found, each canary, place and form once.
func (s *Search) Found() []Found {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.found)
}

func (s *Search) hit(f Found) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.found, f) {
		s.found = append(s.found, f)
	}
}

func (s *Search) count(f func(*Counts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.Looked)
}

// Bytes looks through data, and through what it unpacks to if it is gzip or zstd.
func (s *Search) Bytes(where string, data []byte) {
	s.count(func(c *Counts) { c.Bytes += int64(len(data)) })
	for _, c := range s.canaries {
		for _, f := range s.forms[c.Name] {
			if bytes.Contains(data, f.bytes) {
				s.hit(Found{c.Name, where, f.name})
			}
		}
		if c.Text != "" && strides(data, c.Text) {
			s.hit(Found{c.Name, where, "at equal distances"})
		}
	}
	if plain := unpack(data); plain != nil {
		s.Bytes(where+", unpacked", plain)
	}
}

// mostUnpacked bounds what a packed file may grow to here.
const mostUnpacked = 256 << 20

func unpack(data []byte) []byte {
	var r io.Reader
	switch {
	case bytes.HasPrefix(data, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil
		}
		r = z
	case bytes.HasPrefix(data, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil
		}
		defer z.Close()
		r = z
	default:
		return nil
	}
	plain, err := io.ReadAll(io.LimitReader(r, mostUnpacked))
	if err != nil && len(plain) == 0 {
		return nil
	}
	return plain
}

// Tree looks through every file below a folder, its name included, and reads every PNG as a picture. A name that vanishes
// meanwhile is no error: programs clean up.
func (s *Search) Tree(where, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("search %s: %w", where, err)
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return fmt.Errorf("search %s: %w", where, err)
		}
		s.Bytes(where+": a file name", []byte(rel))
		if !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("search %s: %w", where, err)
		}
		s.count(func(c *Counts) { c.Files++ })
		place := where + ": " + rel
		s.Bytes(place, data)
		if strings.HasSuffix(path, ".png") {
			return s.Picture(place, data)
		}
		return nil
	})
}
