package embed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

const packLimit = 256 << 20 // a pack that reached it is closed

// packs writes one pack at a time and reads any. Its user serialises append.
type packs struct {
	disk   disk
	dir    string
	next   int64 // number of the next pack
	open   file  // nil: the next append makes one
	number int64 // of the open pack
	buf    *bufio.Writer
	room   []byte // of writePages
	size   int64  // end of what may be referred to in the open pack
	target int64  // number of the pack that a compaction fills, 0: none; the first pack of a folder is never one
}

// place is where a record lies.
type place struct{ pack, at int64 }

func packName(n int64) string { return fmt.Sprintf("%012d.pack", n) }

var packNames = regexp.MustCompile(`^[0-9]{12}\.pack$`)

// listPacks returns the numbers of the packs in dir, rising. Other files are left alone.
func listPacks(dir string) ([]int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("store: list the packs: %w", err)
	}
	var out []int64
	for _, e := range entries {
		if !e.Type().IsRegular() || !packNames.MatchString(e.Name()) {
			continue
		}
		n, err := strconv.ParseInt(e.Name()[:12], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("store: list the packs: %w", err)
		}
		out = append(out, n)
	}
	return out, nil
}

// append begins to write the records and to sync them, which takes its time, so that the index can be written meanwhile. Whoever calls it
// must call synced, once, and touch no pack before; until it has returned without an error nothing of the records may be referred to.
func (p *packs) append(records []*store.Record) (places []place, synced func() error, err error) {
	if err := p.ready(); err != nil {
		return nil, nil, err
	}
	places = make([]place, len(records))
	from, pages := p.size, goesInPages(records)
	if pages {
		from = pageUp(from)
	}
	at := from
	for i, r := range records {
		if pages {
			at = begins(r, at)
		}
		places[i] = place{p.number, at}
		at += int64(deposit.RecordHead + len(r.Head) + len(r.Payload))
	}
	if pages {
		at = pageUp(at)
	}
	done := make(chan error, 1)
	go func() {
		if pages {
			done <- p.settle(p.writePages(records, from))
		} else {
			done <- p.settle(p.writeAll(records))
		}
	}()
	return places, func() error {
		err := <-done
		if err == nil {
			p.size = at
		}
		return err
	}, nil
}

// settle syncs the open pack after records were written to it, or takes back what failed to be.
func (p *packs) settle(err error) error {
	if err != nil {
		return p.undo(err)
	}
	if err := p.open.Sync(); err != nil {
		// The kernel may have dropped the pages and forgotten the error: this file is never trusted again.
		return p.leave(fmt.Errorf("store: sync a pack: %w", err))
	}
	return nil
}

// writeAll writes the records to the end of the open pack.
func (p *packs) writeAll(records []*store.Record) error {
	for _, r := range records {
		if err := p.write(r); err != nil {
			return err
		}
	}
	if err := p.buf.Flush(); err != nil {
		return fmt.Errorf("store: write a pack: %w", err)
	}
	return nil
}

// direct is from which length on bytes go to the file by themselves, without a copy in the buffer.
const direct = 64 << 10

// prepare puts what stands before a record into it.
func prepare(r *store.Record) {
	h := deposit.Head(r.Batch, r.Head, r.Payload)
	r.Lead = h[:]
}

func (p *packs) write(r *store.Record) error {
	if len(r.Lead) != deposit.RecordHead {
		prepare(r)
	}
	for _, b := range [][]byte{r.Lead, r.Head, r.Payload} {
		var err error
		if len(b) < direct {
			_, err = p.buf.Write(b)
		} else if err = p.buf.Flush(); err == nil {
			_, err = p.open.Write(b)
		}
		if err != nil {
			return fmt.Errorf("store: write a pack: %w", err)
		}
	}
	return nil
}

// ready sees to an open pack that has room.
func (p *packs) ready() error {
	if p.open != nil && p.size < packLimit {
		return nil
	}
	if err := p.close(); err != nil {
		return err
	}
	f, err := p.create()
	if err != nil {
		return err
	}
	p.open, p.number, p.size = f, p.next-1, int64(len(deposit.PackMagic))
	p.buf = bufio.NewWriterSize(f, 256<<10)
	return nil
}

// create makes the next pack, with its header and nothing else.
func (p *packs) create() (file, error) {
	path := filepath.Join(p.dir, packName(p.next))
	f, err := p.disk.Create(path)
	if err != nil {
		return nil, fmt.Errorf("store: make a pack: %w", err)
	}
	p.next++ // even if what follows fails: a number is never used twice
	if _, err = f.Write([]byte(deposit.PackMagic)); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = p.disk.SyncDir(p.dir)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("store: make a pack: %w", err), f.Close(), os.Remove(path))
	}
	return f, nil
}

// written tells whether something may still be written to a pack.
func (p *packs) written(pack int64) bool {
	return p.open != nil && pack == p.number || p.target != 0 && pack == p.target
}

// undo takes back what a failed write left behind the last good record, so that a full disk can be written again later.
func (p *packs) undo(cause error) error {
	p.buf.Reset(p.open)
	err := p.open.Truncate(p.size)
	if err == nil {
		_, err = p.open.Seek(p.size, io.SeekStart)
	}
	if err != nil {
		return p.leave(errors.Join(cause, fmt.Errorf("store: take back a write: %w", err)))
	}
	return cause
}

// leave closes the open pack for good; what it holds up to size stays readable. The next append makes a new one.
func (p *packs) leave(cause error) error {
	return errors.Join(cause, p.open.Truncate(p.size), p.close())
}

func (p *packs) close() error {
	if p.open == nil {
		return nil
	}
	err := p.open.Close()
	p.open, p.buf = nil, nil
	if err != nil {
		return fmt.Errorf("store: close a pack: %w", err)
	}
	return nil
}

// read returns head and payload of the record at pl, checked.
func (p *packs) read(pl place, batch store.ID, head, payload int64) (h, b []byte, err error) {
	if head < 0 || payload < 0 || head+payload > 64<<20 {
		return nil, nil, store.ErrDamaged
	}
	f, err := os.Open(filepath.Join(p.dir, packName(pl.pack)))
	if err != nil {
		return nil, nil, fmt.Errorf("store: read a pack: %w", errors.Join(store.ErrDamaged, err))
	}
	all := make([]byte, deposit.RecordHead+head+payload)
	_, err = f.ReadAt(all, pl.at)
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, nil, fmt.Errorf("store: read a pack: %w", errors.Join(store.ErrDamaged, err))
	}
	return deposit.Decode(all, batch, head)
}
