package embed

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// badDisk is the real disk until a fault is switched on.
type badDisk struct {
	osDisk
	failSync, failDir, failTruncate atomic.Bool
	room                            atomic.Int64 // bytes that still fit; below 0 all fit
	syncs                           atomic.Int64
}

type badFile struct {
	file
	d *badDisk
}

func newBadDisk() *badDisk {
	d := &badDisk{}
	d.room.Store(-1)
	return d
}

func (d *badDisk) Create(path string) (file, error) {
	f, err := d.osDisk.Create(path)
	return &badFile{f, d}, err
}

func (d *badDisk) SyncDir(dir string) error {
	if d.failDir.Load() {
		return syscall.EIO
	}
	return d.osDisk.SyncDir(dir)
}

func (f *badFile) Write(p []byte) (int, error) {
	room := f.d.room.Load()
	if room < 0 || int64(len(p)) <= room {
		if room >= 0 {
			f.d.room.Add(-int64(len(p)))
		}
		return f.file.Write(p)
	}
	n, err := f.file.Write(p[:room]) // a full disk takes a part
	f.d.room.Store(0)
	return n, errors.Join(err, syscall.ENOSPC)
}

func (f *badFile) WriteParts(parts [][]byte) (n int, err error) {
	for _, b := range parts {
		k, err := f.Write(b)
		if n += k; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (f *badFile) Sync() error {
	f.d.syncs.Add(1)
	if f.d.failSync.Load() {
		return syscall.EIO
	}
	return f.file.Sync()
}

func (f *badFile) Truncate(n int64) error {
	if f.d.failTruncate.Load() {
		return syscall.EIO
	}
	return f.file.Truncate(n)
}

func openBad(t *testing.T) (*Store, *badDisk, string) {
	t.Helper()
	d, dir := newBadDisk(), t.TempDir()
	s, _, err := open(ctx, dir, quiet(), d)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s, d, dir
}

func put1(t *testing.T, s *Store, r store.Record) {
	t.Helper()
	out, err := s.Put(ctx, []store.Record{r})
	must(t, err)
	if out[0] != store.Stored {
		t.Fatalf("outcome %d", out[0])
	}
}

// TestI16FailedSyncIsNoAck: after a failed sync nothing is acknowledged, the file is never trusted again, and what was
// acknowledged before stays.
func TestI16FailedSyncIsNoAck(t *testing.T) {
	for name, fault := range map[string]func(*badDisk) *atomic.Bool{
		"sync":               func(d *badDisk) *atomic.Bool { return &d.failSync },
		"sync of the folder": func(d *badDisk) *atomic.Bool { return &d.failDir },
	} {
		t.Run(name, func(t *testing.T) {
			s, d, dir := openBad(t)
			p := storetest.Enrol(t, s)
			put1(t, s, p.Record(1000))
			if name != "sync" {
				s.packs.size = packLimit // so that the next Put makes a pack
			}
			fault(d).Store(true)
			lost := p.Record(2000)
			for range 3 {
				if _, err := s.Put(ctx, []store.Record{lost}); !errors.Is(err, syscall.EIO) {
					t.Fatalf("a failed sync gave %v", err)
				}
			}
			if _, err := s.Read(ctx, lost.Batch); !errors.Is(err, store.ErrNotFound) {
				t.Fatalf("the refused box: %v", err)
			}
			fault(d).Store(false)
			put1(t, s, lost)
			if n := storetest.Verify(t, s); n != 2 {
				t.Fatalf("%d boxes", n)
			}
			first, second := s.place(t, 1), s.place(t, 2)
			if first.pack == second.pack {
				t.Fatal("a file whose sync failed was written again")
			}
			must(t, s.Close())
			s2, _ := reopen(t, dir)
			if n := storetest.Verify(t, s2); n != 2 {
				t.Fatalf("%d boxes after a restart", n)
			}
		})
	}
}

func (s *Store) place(t *testing.T, number int) (pl place) {
	t.Helper()
	must(t, s.read.QueryRow("SELECT pack, at FROM batches WHERE number = ?", number).Scan(&pl.pack, &pl.at))
	return pl
}

// TestDiskFull fills the disk at every byte of a group in turn: the group is refused whole, and goes through once there is room.
func TestDiskFull(t *testing.T) {
	s, d, dir := openBad(t)
	p := storetest.Enrol(t, s)
	put1(t, s, p.Record(10))
	stored := 1
	for room := int64(0); room < 4000; room += 97 {
		d.failTruncate.Store(room%2 == 1) // the disk may not even take back
		d.room.Store(room)
		group := []store.Record{p.Record(1500), p.Record(2500)}
		if _, err := s.Put(ctx, group); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("room %d: %v", room, err)
		}
		d.room.Store(-1)
		d.failTruncate.Store(false)
		out, err := s.Put(ctx, group)
		must(t, err)
		if out[0] != store.Stored || out[1] != store.Stored {
			t.Fatalf("room %d: %v", room, out)
		}
		stored += 2
	}
	if n := storetest.Verify(t, s); n != stored {
		t.Fatalf("%d boxes of %d", n, stored)
	}
	must(t, s.Close())
	s2, _ := reopen(t, dir)
	if n := storetest.Verify(t, s2); n != stored {
		t.Fatalf("%d boxes of %d after a restart", n, stored)
	}
}

// TestDiskFullForReal does the same on a file system of 1 MiB, packs and index both, where the test may mount one.
func TestDiskFullForReal(t *testing.T) {
	dir := t.TempDir()
	if runtime.GOOS == "linux" && os.Getuid() == 0 && exec.Command("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", dir).Run() == nil {
		defer func() {
			if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		}()
	} else {
		t.Log("no tmpfs can be mounted here: the disk is full by injection, see TestDiskFull")
		return
	}
	s, _, err := Open(ctx, dir, quiet())
	must(t, err)
	p := storetest.Enrol(t, s)
	acked, refused := 0, 0
	for range 60 {
		if out, err := s.Put(ctx, []store.Record{p.Record(40 << 10)}); err == nil && out[0] == store.Stored {
			acked++
		} else if err != nil {
			refused++
		}
	}
	if acked == 0 || refused == 0 {
		t.Fatalf("%d stored, %d refused: the disk never filled", acked, refused)
	}
	if n := storetest.Verify(t, s); n != acked {
		t.Fatalf("%d boxes, %d acknowledged", n, acked)
	}
	closed := s.Close() // a full disk may keep the log from being moved; nothing is lost by it
	t.Logf("%d stored, %d refused, closed: %v", acked, refused, closed)
	s, rep, err := Open(ctx, dir, quiet())
	must(t, err)
	if n := storetest.Verify(t, s); n != acked || rep.Salved || rep.Missing != 0 {
		t.Fatalf("%d boxes, %d acknowledged, %+v", n, acked, rep)
	}
	must(t, s.Close())
}

// TestI15AnyContentStarts damages every file in many ways; the store starts, works, and loses no more than what was hit.
func TestI15AnyContentStarts(t *testing.T) {
	base := t.TempDir()
	s, _ := reopen(t, base)
	p := storetest.Enrol(t, s)
	const boxes = 40
	for range boxes {
		put1(t, s, p.Record(3000))
	}
	must(t, s.Close())
	pack, index := filepath.Join("packs", packName(0)), "index.db"
	flipAt := func(at int64) func([]byte) []byte {
		return func(b []byte) []byte { b[at%int64(len(b))] ^= 0x40; return b }
	}
	type damage struct {
		name, file string
		change     func([]byte) []byte
		atLeast    int // boxes that stay
	}
	cases := []damage{
		{"pack: tail torn", pack, func(b []byte) []byte { return append(b, "torn record"...) }, boxes},
		{"pack: last record cut", pack, func(b []byte) []byte { return b[:len(b)-10] }, boxes - 1},
		{"pack: half gone", pack, func(b []byte) []byte { return b[:len(b)/2] }, boxes/2 - 1},
		{"pack: empty", pack, func([]byte) []byte { return nil }, 0},
		{"pack: one bit", pack, flipAt(50_000), boxes - 1},
		{"pack: magic", pack, flipAt(3), boxes},
		{"index: empty", index, func([]byte) []byte { return nil }, 0},
		{"index: noise", index, func(b []byte) []byte {
			return []byte("this is no database, and it is longer than a header of one is long, is it not?")
		}, 0},
		{"index: header", index, flipAt(2), 0},
		{"index: page size", index, flipAt(16), 0},
		{"index: schema", index, flipAt(200), 0},
		{"index: half gone", index, func(b []byte) []byte { return b[:len(b)/2/4096*4096] }, 0},
		{"index: odd length", index, func(b []byte) []byte { return b[:len(b)-1000] }, 0},
	}
	for at := int64(300); at < 200_000; at += 7919 {
		cases = append(cases, damage{"index: one bit", index, flipAt(at), 0})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.CopyFS(dir, os.DirFS(base)))
			path := filepath.Join(dir, c.file)
			body, err := os.ReadFile(path)
			must(t, err)
			must(t, os.WriteFile(path, c.change(body), 0o600))
			s, rep := reopen(t, dir)
			whole := 0
			for row, err := range s.Scan(ctx, store.Query{}) {
				must(t, err)
				if r, err := s.Read(ctx, row.Batch); err == nil && string(r.Payload) == string(storetest.Fill(r, 3000).Payload) {
					whole++
				}
			}
			t.Logf("%d of %d boxes stay, %+v", whole, boxes, rep)
			if info, err := os.Stat(filepath.Join(dir, pack)); c.file == index && (err != nil || info.Size() < boxes*3000) {
				t.Fatal("a damaged index cost bytes of a pack", err)
			}
			if whole < c.atLeast {
				t.Fatalf("%d boxes stayed, want %d at least; %+v", whole, c.atLeast, rep)
			}
			again := storetest.Enrol(t, s)
			put1(t, s, again.Record(100))
			must(t, s.Close())
			if _, rep := reopen(t, dir); rep.Salved || rep.Missing != 0 {
				t.Fatalf("the second start still repairs: %+v", rep)
			}
		})
	}
}

// TestI15MissingBytesCanBeSentAgain: a box whose bytes were lost is no duplicate when its device sends it again.
func TestI15MissingBytesCanBeSentAgain(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	kept, lost := p.Record(1000), p.Record(1000)
	put1(t, s, kept)
	put1(t, s, lost)
	released(t, s)
	must(t, s.Close())
	path := filepath.Join(dir, "packs", packName(0))
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Truncate(path, info.Size()-1))
	s, rep := reopen(t, dir)
	if rep.Missing != 1 {
		t.Fatalf("%+v", rep)
	}
	if all, orphans := mapped(t, s); all != 1 || orphans != 0 {
		t.Errorf("%d rows in maps, %d of boxes that are gone", all, orphans)
	}
	put1(t, s, lost)
	if n := storetest.Verify(t, s); n != 2 {
		t.Fatalf("%d boxes", n)
	}
}

// TestCheckFindsDamage: check reads every box, beside a running store, too.
func TestCheckFindsDamage(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	for range 30 {
		put1(t, s, p.Record(10))
	}
	damaged, err := Check(ctx, dir, func() {})
	if damaged != 0 || err != nil {
		t.Fatal(damaged, err)
	}
	must(t, s.Close())
	path := filepath.Join(dir, "packs", packName(0))
	body, err := os.ReadFile(path)
	must(t, err)
	body[len(body)-1] ^= 1
	must(t, os.WriteFile(path, body, 0o600))
	if damaged, err = Check(ctx, dir, func() {}); damaged != 1 || err != nil {
		t.Fatal("a flipped bit in a box:", damaged, err)
	}
}
