package embed

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// pageDisk tells what is written past the cache otherwise than in whole blocks. deaf: it is a disk on which nothing can.
type pageDisk struct {
	osDisk
	deaf bool

	mu           sync.Mutex // keys are written beside a pack
	past, within int        // writes
	odd          error
}

func (d *pageDisk) count(writes *int, odd string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if *writes++; odd != "" {
		d.odd = errors.New(odd)
	}
}

type pageFile struct {
	file
	d    *pageDisk
	at   int64
	past bool
}

func (d *pageDisk) Create(path string) (file, error) {
	f, err := d.osDisk.Create(path)
	return &pageFile{file: f, d: d}, err
}

func (f *pageFile) Past(on bool) bool {
	f.past = !f.d.deaf && f.file.Past(on)
	return f.past
}

func (f *pageFile) Seek(at int64, whence int) (n int64, err error) {
	f.at, err = f.file.Seek(at, whence)
	return f.at, err
}

func (f *pageFile) Write(p []byte) (int, error) {
	odd := ""
	if f.past {
		odd = "something that is in no part"
	}
	f.d.count(&f.d.within, odd)
	n, err := f.file.Write(p)
	f.at += int64(n)
	return n, err
}

func (f *pageFile) WriteParts(parts [][]byte) (int, error) {
	odd := ""
	if f.at%blockSize != 0 {
		odd = "it begins within a block"
	}
	for _, p := range parts {
		if len(p)%blockSize != 0 || intoBlock(p) != 0 {
			odd = "a part that is not whole blocks"
		}
	}
	f.d.count(&f.d.past, odd)
	n, err := f.file.WriteParts(parts)
	f.at += int64(n)
	return n, err
}

// several are so many records of a size.
func several(p storetest.Person, n, size int) (out []store.Record) {
	for range n {
		out = append(out, p.Record(size))
	}
	return out
}

// mixed are groups below, at and above the length from which on they go in whole pages, in an order in which each follows each.
func mixed(p storetest.Person) [][]store.Record {
	var both []store.Record // more than there is room for at once
	for range 40 {
		both = append(both, append(several(p, 5, 9000), p.Record(long+1))...)
	}
	return [][]store.Record{several(p, 1, 9000), several(p, 1, inPages), several(p, 7, inPages), several(p, 2, 9000), several(p, 1, 9001), several(p, 3, 100_000),
		several(p, 1, 2*roomSize), several(p, 300, 9000), several(p, 1, inPages-1000), both, several(p, 1, 9000), several(p, 5, 260_001)}
}

// TestPages: large groups go in whole pages where that can be, each box is as it came, and nothing is taken for torn or half erased.
func TestPages(t *testing.T) {
	for name, deaf := range map[string]bool{"past the cache": false, "a disk on which nothing can": true} {
		t.Run(name, func(t *testing.T) {
			d, dir := &pageDisk{deaf: deaf}, t.TempDir()
			s, _, err := open(ctx, dir, quiet(), d)
			must(t, err)
			p := storetest.Enrol(t, s)
			boxes := 0
			for _, group := range mixed(p) {
				_, err := s.Put(ctx, group)
				must(t, err)
				for _, r := range group {
					got, err := s.Read(ctx, r.Batch)
					if err != nil || !bytes.Equal(got.Payload, r.Payload) || !bytes.Equal(got.Head, r.Head) {
						t.Fatalf("a box of %d bytes: %v, or other bytes", len(r.Payload), err)
					}
				}
				boxes += len(group)
			}
			if d.odd != nil || d.past == 0 && canPass || d.within == 0 {
				t.Errorf("%d writes past the cache, %d through it, %v", d.past, d.within, d.odd)
			}
			must(t, s.Close())
			s, rep := reopen(t, dir)
			if rep.Torn+rep.Missing != 0 {
				t.Errorf("after a good end: %+v", rep)
			}
			if done, err := s.CompactAll(ctx); err != nil || done != (Compacted{}) {
				t.Errorf("nothing was erased: %+v, %v", done, err)
			}
			if n := storetest.Verify(t, s); n != boxes {
				t.Errorf("%d boxes of %d", n, boxes)
			}
		})
	}
}

// TestI21BlankedStaysBlankBesidePages: what is written after an erasure brings no byte back, wherever in its page the erased box ended.
func TestI21BlankedStaysBlankBesidePages(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	p := storetest.Enrol(t, s)
	for _, group := range mixed(p) {
		_, err := s.Put(ctx, group)
		must(t, err)
		last := group[len(group)-1]
		var pack, at int64
		must(t, s.read.QueryRow("SELECT pack, at FROM batches WHERE batch = ?", last.Batch[:]).Scan(&pack, &at))
		e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, At: storetest.Noon, Batches: []store.ID{last.Batch}}
		_, err = s.Erase(ctx, e, storetest.Sign)
		must(t, err)
		_, err = s.Put(ctx, several(p, 2, inPages))
		must(t, err)
		raw := make([]byte, deposit.RecordHead+len(last.Head)+len(last.Payload))
		f, err := os.Open(filepath.Join(s.packs.dir, packName(pack)))
		must(t, err)
		_, err = f.ReadAt(raw, at)
		must(t, errors.Join(err, f.Close()))
		if len(bytes.Trim(raw, "\x00")) != 0 {
			t.Errorf("something of an erased box of %d bytes is there", len(last.Payload))
		}
	}
	storetest.Verify(t, s)
	if _, err := s.CompactAll(ctx); err != nil {
		t.Error(err)
	}
	if done, err := s.CompactAll(ctx); err != nil || done != (Compacted{}) {
		t.Errorf("all was moved together: %+v, %v", done, err)
	}
	storetest.Verify(t, s)
}

// TestPagesOnAFullDisk: a large group that does not fit is taken back, whole, and what follows lies behind what was acknowledged.
func TestPagesOnAFullDisk(t *testing.T) {
	s, d, dir := openBad(t)
	p := storetest.Enrol(t, s)
	put1(t, s, p.Record(9000))
	for _, fits := range []int64{0, 100, roomSize, roomSize + 5000} {
		group := several(p, 8, inPages)
		d.room.Store(fits)
		if _, err := s.Put(ctx, group); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%d bytes fit: %v", fits, err)
		}
		d.room.Store(-1)
		info, err := os.Stat(filepath.Join(dir, "packs", packName(s.packs.number)))
		must(t, err)
		if info.Size() != s.packs.size {
			t.Fatalf("%d bytes are there, %d were acknowledged", info.Size(), s.packs.size)
		}
		_, err = s.Put(ctx, group)
		must(t, err)
	}
	if n := storetest.Verify(t, s); n != 1+4*8 {
		t.Errorf("%d boxes", n)
	}
}
