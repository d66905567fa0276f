package spool

import (
	"iter"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// Entry is one box of the folder, for the person to look at.
type Entry struct {
	Batch    envelope.ID
	Sequence uint64
	Sent     bool      // false: still held here
	At       time.Time // when it was sealed
	Size     int64
	s        *Spool
}

// Box reads the box. It fails if the file is damaged or was removed since.
func (e Entry) Box() (envelope.Box, error) {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	name := boxName(e.Sequence, e.Batch)
	if !e.Sent {
		if box, err := e.s.readBox(name+heldSuffix, e.Sequence, e.Batch); err == nil {
			return box, nil
		}
	}
	return e.s.readBox(name+sentSuffix, e.Sequence, e.Batch) // it may have left since
}

// Boxes goes through the sent boxes, oldest first, then the held ones. It yields one error, last, if the folder cannot be read.
func (s *Spool) Boxes() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, err := s.entries()
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

func (s *Spool) entries() ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sent, _, err := s.listSent()
	out := make([]Entry, 0, len(sent)+len(s.held))
	for _, info := range sent {
		sequence, batch, _, _ := parseName(info.Name)
		out = append(out, Entry{Batch: batch, Sequence: sequence, Sent: true, At: info.At, Size: info.Size, s: s})
	}
	for _, e := range s.held {
		out = append(out, Entry{Batch: e.batch, Sequence: e.sequence, At: e.at, Size: e.size, s: s})
	}
	return out, err
}
