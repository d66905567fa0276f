package embed

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// eraseSome erases boxes of p by their ids.
func eraseSome(t *testing.T, s *Store, p storetest.Person, ids ...store.ID) {
	t.Helper()
	_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: ids, At: storetest.Noon}, storetest.Sign)
	must(t, err)
}

// inPacks counts the records whose payload lies in a pack of the folder.
func inPacks(t *testing.T, dir string, records []store.Record) (n int) {
	t.Helper()
	numbers, err := listPacks(filepath.Join(dir, "packs"))
	must(t, err)
	var all []byte
	for _, p := range numbers {
		b, err := os.ReadFile(filepath.Join(dir, "packs", packName(p)))
		must(t, err)
		all = append(append(all, b...), 0)
	}
	for _, r := range records {
		if bytes.Contains(all, r.Payload[:min(len(r.Payload), 200)]) {
			n++
		}
	}
	return n
}

// packRoom is how long all packs are.
func packRoom(t *testing.T, dir string) (sum int64) {
	t.Helper()
	numbers, err := listPacks(filepath.Join(dir, "packs"))
	must(t, err)
	for _, p := range numbers {
		info, err := os.Stat(filepath.Join(dir, "packs", packName(p)))
		must(t, err)
		sum += info.Size()
	}
	return sum
}

func random(p storetest.Person, size int) store.Record {
	r := p.Record(size)
	rand.Read(r.Payload) // never fails
	return r
}

// same fails unless every one of the records reads back as it was stored.
func same(t *testing.T, s *Store, records []store.Record) {
	t.Helper()
	for _, want := range records {
		got, err := s.Read(ctx, want.Batch)
		must(t, err)
		if !bytes.Equal(got.Payload, want.Payload) || !bytes.Equal(got.Head, want.Head) || !bytes.Equal(got.Capsules, want.Capsules) {
			t.Fatalf("box %x reads otherwise", want.Batch)
		}
	}
}

// TestI21CompactionGivesRoomBack: once most of a pack was erased it is rewritten: nothing of what was erased is in any pack, what stays reads
// as before, packs are as long as their boxes, and no more was written than was erased.
func TestI21CompactionGivesRoomBack(t *testing.T) {
	dir, d := t.TempDir(), &countingDisk{}
	s, _, err := open(ctx, dir, quiet(), d)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var goes, stays []store.Record
	var ids []store.ID
	for i := range 60 { // others' boxes lie between
		r := random(p, 64<<10)
		if i%3 == 0 {
			r = random(q, 64<<10)
			stays = append(stays, r)
		} else {
			goes, ids = append(goes, r), append(ids, r.Batch)
		}
		put1(t, s, r)
	}
	eraseSome(t, s, p, ids[:10]...)
	if done, err := s.Compact(ctx); err != nil || done != (Compacted{}) {
		t.Fatalf("a pack of which a sixth was erased: %+v, %v", done, err)
	}
	if n := inPacks(t, dir, append(goes[10:], stays...)); n != 50 {
		t.Fatalf("the control: %d of 50 boxes are found in the packs", n)
	}
	eraseSome(t, s, p, ids[10:]...)
	before, written := packRoom(t, dir), d.written.Load()
	done, err := s.Compact(ctx)
	must(t, err)
	room := packRoom(t, dir)
	var erased, kept int64
	for _, r := range goes {
		erased += int64(deposit.RecordHead + len(r.Head) + len(r.Payload))
	}
	for _, r := range stays {
		kept += int64(deposit.RecordHead + len(r.Head) + len(r.Payload))
	}
	if done.Packs != 1 || done.Freed != before-room || room != kept+int64(len(deposit.PackMagic)) {
		t.Errorf("%+v; packs were %d bytes, are %d, their boxes %d", done, before, room, kept)
	}
	if w := d.written.Load() - written; w > erased {
		t.Errorf("%d bytes were written to give back %d", w, erased)
	}
	if n := inPacks(t, dir, goes); n != 0 {
		t.Errorf("%d erased boxes lie in the packs", n)
	}
	same(t, s, stays)
	if done, err := s.Compact(ctx); err != nil || done != (Compacted{}) {
		t.Errorf("a second compaction: %+v, %v", done, err)
	}
	put1(t, s, random(q, 100))
	must(t, s.Close())
	s, rep := reopen(t, dir)
	if rep != (Report{}) {
		t.Errorf("the next start repairs: %+v", rep)
	}
	same(t, s, stays)
}

// countingDisk counts what is written to packs and keys.
type countingDisk struct {
	osDisk
	written atomic.Int64 // keys are written beside a pack
}

type countedFile struct {
	file
	d *countingDisk
}

func (d *countingDisk) Create(path string) (file, error) {
	f, err := d.osDisk.Create(path)
	return countedFile{f, d}, err
}

func (f countedFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	f.d.written.Add(int64(n))
	return n, err
}

// TestI21CompactionSurvivesDeathAnywhere ends the process at every operation of a compaction during which somebody erases: what was
// acknowledged stays whole, what was erased comes back nowhere, and the next compaction ends what this one began.
func TestI21CompactionSurvivesDeathAnywhere(t *testing.T) {
	base := t.TempDir()
	s, _ := reopen(t, base)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var goes, stays []store.Record
	var ids []store.ID
	for i := range 9 {
		r := random(p, 3000)
		if i%3 == 0 {
			r = random(q, 3000)
			stays = append(stays, r)
		} else {
			goes, ids = append(goes, r), append(ids, r.Batch)
		}
		put1(t, s, r)
	}
	eraseSome(t, s, p, ids[1:]...) // one goes while it is moved
	must(t, s.Close())
	deaths := 0
	for n := 0; ; n++ {
		dir := copyDir(t, base)
		d := &dyingDisk{left: 1 << 30}
		s, _, err := open(ctx, dir, quiet(), d)
		must(t, err)
		moved := false
		s.pausing = func(m moment) {
			if m == copied && !moved {
				moved = true
				left := d.left
				d.left = 1 << 30 // the erasure itself is whole; other tests end it anywhere
				eraseSome(t, s, p, ids[0])
				d.left = left
			}
		}
		d.left = n
		_, failed := s.CompactAll(ctx)
		over := failed == nil && d.left >= 0
		must(t, s.Close())
		s, rep := reopen(t, dir)
		if rep.Missing != 0 || rep.Shut != 0 || rep.Keyless != 0 || rep.Salved {
			t.Fatalf("death at %d: %+v", n, rep)
		}
		same(t, s, stays)
		gone := goes
		if !moved {
			same(t, s, goes[:1])
			gone = goes[1:]
		}
		if k := inPacks(t, dir, gone); k != 0 {
			t.Fatalf("death at %d: %d erased boxes lie in the packs", n, k)
		}
		if _, err := s.CompactAll(ctx); err != nil {
			t.Fatalf("death at %d: compacted again: %v", n, err)
		}
		if k := inPacks(t, dir, gone); k != 0 {
			t.Fatalf("death at %d: %d erased boxes lie in the packs after all", n, k)
		}
		same(t, s, stays)
		put1(t, s, q.Record(50))
		must(t, s.Close())
		if s, rep = reopen(t, dir); rep != (Report{}) {
			t.Fatalf("death at %d: the second start still repairs: %+v", n, rep)
		}
		same(t, s, stays)
		must(t, s.Close())
		if over {
			break
		}
		deaths++
	}
	if deaths < 8 {
		t.Fatalf("%d deaths: the compaction was not cut everywhere", deaths)
	}
}

// TestCompactionBesideEverything stores, reads, erases and backs up while packs are compacted over and over.
func TestCompactionBesideEverything(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var mu sync.Mutex // guards what follows
	var stays, goes []store.Record
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := s.CompactAll(ctx); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 2 {
		work.Go(func() { // whatever was stored and not erased reads back
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				var want store.Record
				if len(stays) > 0 {
					want = stays[i%len(stays)]
				}
				mu.Unlock()
				if want.Payload == nil {
					continue
				}
				if got, err := s.Read(ctx, want.Batch); err != nil || !bytes.Equal(got.Payload, want.Payload) {
					t.Errorf("read while it moves: %v", err)
					return
				}
			}
		})
	}
	for range 10 {
		group := []store.Record{random(p, 2000), random(q, 2000), random(p, 2000)}
		_, err := s.Put(ctx, group)
		must(t, err)
		mu.Lock()
		stays = append(stays, group[1])
		mu.Unlock()
		eraseSome(t, s, p, group[0].Batch, group[2].Batch)
		goes = append(goes, group[0], group[2])
	}
	backup := filepath.Join(t.TempDir(), "backup")
	must(t, Backup(ctx, dir, backup, quick))
	close(done)
	work.Wait()
	_, err := s.CompactAll(ctx)
	must(t, err)
	same(t, s, stays)
	if n := inPacks(t, dir, goes); n != 0 {
		t.Errorf("%d erased boxes lie in the packs", n)
	}
	must(t, s.Close())
	rep, err := Restore(ctx, dir, backup, quick)
	must(t, err)
	if rep.Missing != 0 || rep.Shut != 0 {
		t.Errorf("the backup lacks something: %+v", rep)
	}
	s, _ = reopen(t, dir)
	same(t, s, stays)
}

// TestBackupBesideACompaction: boxes that move to another pack after the index was copied are in the backup all the same.
func TestBackupBesideACompaction(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	goes, stays := random(p, 5000), random(q, 3000)
	put1(t, s, goes)
	put1(t, s, stays)
	eraseSome(t, s, p, goes.Batch)
	was, times := s.place(t, 2), 0
	to := filepath.Join(t.TempDir(), "backup")
	must(t, backup(ctx, dir, to, quick, func() {
		if times++; times == 1 {
			_, err := s.CompactAll(ctx)
			must(t, err)
		}
	}))
	if now := s.place(t, 2); now == was || times != 2 {
		t.Fatalf("the box lay at %v and lies at %v; the index was copied %d times", was, now, times)
	}
	if names, err := filepath.Glob(filepath.Join(to, "index.db-*")); err != nil || len(names) != 0 {
		t.Errorf("beside the copied index lies %v, %v", names, err)
	}
	must(t, s.Close())
	rep, err := Restore(ctx, dir, to, quick)
	must(t, err)
	if rep.Missing != 0 {
		t.Errorf("%+v", rep)
	}
	s, _ = reopen(t, dir)
	same(t, s, []store.Record{stays})
}
