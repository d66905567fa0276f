package embed

import (
	"fmt"
	"io"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// A large group goes into its pack in whole pages, past the memory in which the system keeps files: nobody looks at its boxes again soon, and to
// fill that memory costs more than to copy them once. Such a group begins at a page of its own, so that no byte is ever written a second time from
// memory, which could bring back a box that was blanked meanwhile. So there may be zeros before it and behind it: fewer than a page, which no row
// names. No box is as short as that.
const (
	pageSize = 4 << 10
	inPages  = 256 << 10 // bytes of a group from which on it goes so: the zeros are next to nothing of it
	roomSize = 1 << 20   // of the group are written at once
)

// pageUp is where the page ends in which n lies, or n if there one does.
func pageUp(n int64) int64 { return (n + pageSize - 1) &^ (pageSize - 1) }

// isGap tells whether what lies between two places of a pack are the zeros around a large group.
func isGap(from, to int64) bool { return from <= to && to == pageUp(from) }

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

// writePages writes the records from the beginning of a page on, and zeros behind them up to the end of one.
func (p *packs) writePages(records []*store.Record, from int64) error {
	if p.room == nil {
		p.room = make([]byte, roomSize) // as large as that, it begins at a page
	}
	_, err := p.open.Seek(from, io.SeekStart)
	if err == nil && p.open.Past(true) {
		defer p.open.Past(false)
	}
	used := 0
	for _, r := range records {
		if len(r.Lead) != deposit.RecordHead {
			prepare(r)
		}
		for _, b := range [][]byte{r.Lead, r.Head, r.Payload} {
			for err == nil && len(b) > 0 {
				n := copy(p.room[used:], b)
				used, b = used+n, b[n:]
				if used == roomSize {
					_, err = p.open.Write(p.room)
					used = 0
				}
			}
		}
	}
	if end := int(pageUp(int64(used))); err == nil && end > 0 {
		clear(p.room[used:end])
		_, err = p.open.Write(p.room[:end])
	}
	if err != nil {
		return fmt.Errorf("store: write a pack: %w", err)
	}
	return nil
}
