package embed

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// TestCompactionOnAFullDisk changes nothing, and works once there is room.
func TestCompactionOnAFullDisk(t *testing.T) {
	s, d, dir := openBad(t)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var goes, stays []store.Record
	for range 5 {
		a, b := random(p, 9000), random(q, 3000)
		put1(t, s, a)
		put1(t, s, b)
		goes, stays = append(goes, a), append(stays, b)
	}
	for _, r := range goes {
		eraseSome(t, s, p, r.Batch)
	}
	for room := int64(0); room < 15000; room += 1000 {
		d.room.Store(room)
		if _, err := s.CompactAll(ctx); err == nil {
			t.Fatalf("%d bytes of room were enough", room)
		}
		d.room.Store(-1)
		same(t, s, stays)
	}
	d.failSync.Store(true)
	put1Fails(t, s, q.Record(1))
	if _, err := s.CompactAll(ctx); err == nil {
		t.Fatal("a sync that failed was not told")
	}
	d.failSync.Store(false)
	put1(t, s, q.Record(10))
	_, err := s.CompactAll(ctx)
	must(t, err)
	same(t, s, stays)
	must(t, s.Close())
	s, rep := reopen(t, dir)
	if rep.Missing != 0 {
		t.Fatalf("%+v", rep)
	}
	same(t, s, stays)
	if n := inPacks(t, dir, goes); n != 0 {
		t.Errorf("%d erased boxes lie in the packs", n)
	}
}

func put1Fails(t *testing.T, s *Store, r store.Record) {
	t.Helper()
	if _, err := s.Put(ctx, []store.Record{r}); err == nil {
		t.Fatal("a box was acknowledged though its sync failed")
	}
}

// TestADamagedBoxStaysDamaged: a compaction neither mends nor hides it, and its neighbours stay whole.
func TestADamagedBoxStaysDamaged(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	goes, bad, good := random(p, 9000), random(q, 3000), random(q, 3000)
	for _, r := range []store.Record{goes, bad, good} {
		put1(t, s, r)
	}
	at := s.place(t, 2)
	f, err := os.OpenFile(filepath.Join(dir, "packs", packName(at.pack)), os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("noise"), at.at+deposit.RecordHead+500)
	must(t, errors.Join(err, f.Close()))
	eraseSome(t, s, p, goes.Batch)
	_, err = s.CompactAll(ctx)
	must(t, err)
	if _, err := s.Read(ctx, bad.Batch); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a damaged box: %v", err)
	}
	same(t, s, []store.Record{good})
	must(t, s.Close())
	if n, err := Check(ctx, dir, func() {}); n != 1 || err != nil {
		t.Errorf("the check finds %d damaged boxes, %v", n, err)
	}
}

// TestEverythingErasedLeavesNoPack: also the pack that was written to last goes.
func TestEverythingErasedLeavesNoPack(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p := storetest.Enrol(t, s)
	for range 3 {
		put1(t, s, random(p, 700<<10))
	}
	kept := make(chan struct{})
	stop, cancel := context.WithCancel(ctx)
	go func() { defer close(kept); s.KeepCompact(stop) }()
	_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	for { // by itself, soon after the erasure
		if numbers, err := listPacks(filepath.Join(dir, "packs")); err != nil || len(numbers) == 0 {
			must(t, err)
			break
		}
		if t.Context().Err() != nil {
			t.Fatal("the pack stays")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-kept
	r := random(p, 100)
	put1(t, s, r)
	must(t, s.Close())
	s, rep := reopen(t, dir)
	if rep != (Report{}) {
		t.Fatalf("%+v", rep)
	}
	same(t, s, []store.Record{r})
	var left string
	must(t, s.read.QueryRow("SELECT count(*) || ' ' || (SELECT count(*) FROM scrub) FROM pack_ends").Scan(&left))
	if left != "0 0" {
		t.Errorf("notes of packs that are gone stay: %s", left)
	}
}

// TestTheTargetStaysWhileItIsFilled: everything that was moved so far is erased while the rest is on its way; the rest arrives.
func TestTheTargetStaysWhileItIsFilled(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var first, rest []store.Record
	for range moveRows {
		first = append(first, p.Record(10))
	}
	for range 20 {
		rest = append(rest, random(q, 100))
	}
	goes := random(q, 50)
	_, err := s.Put(ctx, append(append([]store.Record{goes}, first...), rest...))
	must(t, err)
	eraseSome(t, s, q, goes.Batch)
	steps := 0
	s.pausing = func(m moment) {
		if m != copied {
			return
		}
		if steps++; steps == 2 {
			_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
			must(t, err)
		}
	}
	_, err = s.CompactAll(ctx)
	must(t, err)
	if steps != 2 {
		t.Fatalf("%d steps", steps)
	}
	same(t, s, rest)
	must(t, s.Close())
	s, rep := reopen(t, dir)
	if rep != (Report{}) {
		t.Errorf("%+v", rep)
	}
	same(t, s, rest)
	if n := inPacks(t, dir, append(first, goes)); n != 0 {
		t.Errorf("%d erased boxes lie in the packs", n)
	}
}

// TestI16NothingUnsyncedAtTheMove: when rows begin to name the new pack, a power cut would take no byte and no name of it.
func TestI16NothingUnsyncedAtTheMove(t *testing.T) {
	d := &powerDisk{unsynced: map[string]int{}, unnamed: map[string]bool{}}
	s, _, err := open(ctx, t.TempDir(), quiet(), d)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	goes, stays := random(p, 3000), random(q, 3000)
	put1(t, s, goes)
	put1(t, s, stays)
	eraseSome(t, s, p, goes.Batch)
	looked := false
	s.pausing = func(moment) {
		looked = true
		if len(d.unsynced) != 0 || len(d.unnamed) != 0 {
			t.Errorf("unsynced %v, unnamed %v", d.unsynced, d.unnamed)
		}
	}
	_, err = s.CompactAll(ctx)
	must(t, err)
	if !looked {
		t.Fatal("nothing was moved")
	}
}

// TestReadWhileItMoves: a box that moves after its row was read, and before its bytes were, reads all the same.
func TestReadWhileItMoves(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	goes, stays := random(p, 3000), random(q, 3000)
	put1(t, s, goes)
	put1(t, s, stays)
	eraseSome(t, s, p, goes.Batch)
	times := 0
	s.pausing = func(m moment) {
		if m != lookedUp {
			return
		}
		if times++; times == 1 {
			_, err := s.CompactAll(ctx)
			must(t, err)
		}
	}
	same(t, s, []store.Record{stays})
	if times != 2 {
		t.Errorf("the row was read %d times", times)
	}
}
