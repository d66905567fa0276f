package embed

import (
	"fmt"
	"io"
	"reflect"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// A large group goes into its pack in whole pages, past the memory in which the system keeps files: nobody looks at its boxes again soon, and
// that memory costs more than all else that is done to them. Such a group begins at a page of its own, so that no byte is ever written a second
// time from memory, which could bring back a box that was blanked meanwhile. Long payloads are written from where they lie: they lie in the pack
// as in memory, counted in blocks. So there may be zeros around the records of such a group, which no row names: fewer than a block before one with
// a long payload, fewer than a page around the group.
const (
	pageSize  = 4 << 10   // of a file
	blockSize = 512       // of a disk, and of memory that goes to one
	inPages   = 256 << 10 // bytes of a group from which on it goes so: the zeros are next to nothing of it
	long      = 64 << 10  // bytes of a payload that is written from where it lies
	roomSize  = 1 << 20   // memory for what is put together
	mostParts = 500       // are written at once: systems take 1,024
)

// pageUp is where the page ends in which n lies, or n if there one does.
func pageUp(n int64) int64 { return (n + pageSize - 1) &^ (pageSize - 1) }

// goesInPages tells whether a group is large enough, on a system that can.
func goesInPages(records []*store.Record) bool {
	if !canPass {
		return false
	}
	size := 0
	for _, r := range records {
		size += len(r.Head) + len(r.Payload)
	}
	return size >= inPages
}

// intoBlock is how far behind the beginning of a block of memory b begins.
func intoBlock(b []byte) int { return int(reflect.ValueOf(b).Pointer() % blockSize) }

// begins is where a record of a large group begins that follows what ends at n.
func begins(r *store.Record, n int64) int64 {
	if len(r.Payload) < long {
		return n
	}
	payload := n + deposit.RecordHead + int64(len(r.Head))
	return n + (int64(intoBlock(r.Payload))-payload)&(blockSize-1)
}

// followsIn tells whether a record with such a payload may begin at one place of a pack when what is before it ends at another, and nothing but
// zeros lies between.
func followsIn(end, at, payload int64) bool {
	if payload < long {
		return at == end || at == pageUp(end)
	}
	return at >= end && at < end+blockSize || at >= pageUp(end) && at < pageUp(end)+blockSize
}

// endsIn tells whether a pack of this size holds nothing but zeros behind what ends at end.
func endsIn(end, size int64) bool { return size == end || size == pageUp(end) }

// writePages writes the records from the beginning of a page on, and zeros behind them up to the end of one.
func (p *packs) writePages(records []*store.Record, from int64) error {
	if p.room == nil {
		p.room = make([]byte, roomSize) // as large as that, it begins at a page
	}
	if _, err := p.open.Seek(from, io.SeekStart); err != nil {
		return fmt.Errorf("store: write a pack: %w", err)
	}
	if p.open.Past(true) {
		defer p.open.Past(false)
	}
	s, n := sheet{to: p.open, room: p.room}, from
	for _, r := range records {
		at := begins(r, n)
		s.zeros(at - n)
		if len(r.Lead) != deposit.RecordHead {
			prepare(r)
		}
		s.copy(r.Lead)
		s.copy(r.Head)
		rest := r.Payload
		if len(rest) >= long {
			first := -intoBlock(rest) & (blockSize - 1)
			last := len(rest) - (len(rest)-first)%blockSize
			s.copy(rest[:first])
			s.lend(rest[first:last])
			rest = rest[last:]
		}
		s.copy(rest)
		n = at + deposit.RecordHead + int64(len(r.Head)+len(r.Payload))
	}
	s.zeros(pageUp(n) - n)
	s.flush()
	if s.err != nil {
		return fmt.Errorf("store: write a pack: %w", s.err)
	}
	return nil
}

// sheet is what is written next: parts that were put together in a room, and parts that stay where they lie. Each begins and ends at a block.
type sheet struct {
	to          file
	room        []byte
	begun, used int // of the room, by the part that grows
	parts       [][]byte
	err         error // the first
}

// copy appends bytes that are put together with others.
func (s *sheet) copy(b []byte) {
	for s.err == nil && len(b) > 0 {
		n := copy(s.room[s.used:], b)
		s.used, b = s.used+n, b[n:]
		if s.used == len(s.room) {
			s.flush()
		}
	}
}

var noBytes [pageSize]byte

func (s *sheet) zeros(n int64) { s.copy(noBytes[:n]) }

// lend appends whole blocks that are written from where they lie.
func (s *sheet) lend(b []byte) {
	s.cut()
	if s.parts = append(s.parts, b); len(s.parts) >= mostParts {
		s.flush()
	}
}

// cut ends the part that grows.
func (s *sheet) cut() {
	if s.used > s.begun {
		s.parts = append(s.parts, s.room[s.begun:s.used])
		s.begun = s.used
	}
}

func (s *sheet) flush() {
	s.cut()
	if s.err == nil && len(s.parts) > 0 {
		_, s.err = s.to.WriteParts(s.parts)
	}
	s.parts, s.begun, s.used = s.parts[:0], 0, 0
}
