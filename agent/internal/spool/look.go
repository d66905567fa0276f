package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// Place says where a file that Looker found stands.
type Place uint8

// The places.
const (
	Waiting Place = iota // held here, or under way
	Copy                 // the person's copy of what was sent
	Aside                // damaged, refused or foreign
)

// Found is one file of the folder that is, was or should have been a box.
type Found struct {
	Name        string // of the file
	Place       Place
	Batch       envelope.ID // zero if the name does not tell
	Sequence    uint64      // zero if the name does not tell
	At          time.Time   // of the file
	From, Until time.Time   // that it covers, in whole seconds, rounded outwards
	Size        int64
	dir         string
	fs          FS
}

// Raw reads the file, at most a byte more than a box may have.
func (f Found) Raw() ([]byte, error) {
	b, err := f.fs.Read(filepath.Join(f.dir, f.Name), envelope.MaxSize+1)
	if errors.Is(err, fs.ErrNotExist) && f.Place == Waiting { // it has left since
		b, err = f.fs.Read(filepath.Join(f.dir, strings.TrimSuffix(f.Name, heldSuffix)+sentSuffix), envelope.MaxSize+1)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name, err)
	}
	return b, nil
}

// Head reads the header alone.
func (f Found) Head() ([]byte, error) {
	b, err := f.fs.Read(filepath.Join(f.dir, f.Name), envelope.HeaderSize)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", f.Name, err)
	}
	return b, nil
}

// Looker lists the folder for the person without taking it: an agent may work in it meanwhile. It changes nothing.
type Looker struct {
	fs     FS
	dir    string
	spans  map[string]span               // of boxes that were seen before; a box never changes its span
	stones map[string]envelope.Tombstone // by the name of the file
}

// NewLooker looks at the folder dir.
func NewLooker(fs FS, dir string) *Looker { return &Looker{fs: fs, dir: dir, spans: map[string]span{}} }

// Look lists all boxes, oldest first, and what was set aside or does not belong there. No folder is no boxes. It is for one
// goroutine at a time.
func (l *Looker) Look() ([]Found, error) {
	infos, err := l.list(l.dir)
	if err != nil {
		return nil, err
	}
	aside, err := l.list(filepath.Join(l.dir, quarantineName))
	if err != nil {
		return nil, err
	}
	found := classify(infos)
	var out []Found
	twin := map[string]bool{}
	l.learnStones(found.gone)
	for _, info := range found.gone { // whatever still lies under that name counts no more
		twin[strings.TrimSuffix(info.Name, goneSuffix)] = true
	}
	found.sent = slices.DeleteFunc(found.sent, func(i FileInfo) bool { return twin[strings.TrimSuffix(i.Name, sentSuffix)] })
	for _, info := range found.sent {
		twin[strings.TrimSuffix(info.Name, sentSuffix)] = true
		out = append(out, l.found(info, l.dir, Copy))
	}
	for _, info := range found.held {
		if !twin[strings.TrimSuffix(info.Name, heldSuffix)] {
			out = append(out, l.found(info, l.dir, Waiting))
		}
	}
	for _, info := range found.foreign {
		if info.Regular {
			out = append(out, l.found(info, l.dir, Aside))
		}
	}
	for _, info := range aside {
		if info.Regular {
			out = append(out, l.found(info, filepath.Join(l.dir, quarantineName), Aside))
		}
	}
	slices.SortFunc(out, func(a, b Found) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Sequence, b.Sequence), strings.Compare(a.Name, b.Name))
	})
	return out, nil
}

func (l *Looker) list(dir string) ([]FileInfo, error) {
	infos, err := l.fs.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list what was recorded: %w", err)
	}
	return infos, nil
}

func (l *Looker) found(info FileInfo, dir string, p Place) Found {
	f := Found{Name: info.Name, Place: p, At: info.At, Size: info.Size, dir: dir, fs: l.fs}
	sp := span{info.At.Add(-unknownMargin), info.At.Add(time.Second)} // what Forget goes by
	if sequence, batch, suffix, ok := parseName(info.Name); ok {
		f.Batch, f.Sequence = batch, sequence
		if p != Aside {
			sp = l.span(strings.TrimSuffix(info.Name, suffix), info.At)
		}
	}
	f.From, f.Until = sp.from, sp.until
	return f
}

func (l *Looker) span(name string, at time.Time) span {
	if sp, ok := l.spans[name]; ok {
		return sp
	}
	s := Spool{fs: l.fs, dir: l.dir}
	l.spans[name] = s.readSpan(name, at)
	return l.spans[name]
}
