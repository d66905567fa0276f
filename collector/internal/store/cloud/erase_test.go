//go:build linux

package cloud

import (
	"bytes"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// TestI21AnErasureCutShortIsCompleted: the collector is lost at every call to the bucket; another one goes on.
func TestI21AnErasureCutShortIsCompleted(t *testing.T) {
	for at := 0; ; at++ {
		c := realConfig(t)
		s, f := openFaulty(t, c)
		p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
		gone, kept, other := p.Record(100), p.Record(200), q.Record(300)
		put(t, s, gone, kept, other)
		calls := 0
		f.before = func(op, _ string) error {
			if op == "get" {
				return nil
			}
			if calls++; calls > at {
				return errFault
			}
			return nil
		}
		e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{gone.Batch}, At: storetest.Noon}
		_, err := s.Erase(ctx, e, storetest.Sign)
		f.before = nil
		must(t, s.Close())
		s, rep := reopen(t, c)
		if at == 0 { // before its intent was durable: nothing happened
			if n := storetest.Verify(t, s); n != 3 || rep.Erased != 0 {
				t.Fatal(n, rep)
			}
			continue
		}
		if _, ferr := s.FinishErasures(ctx, storetest.Sign); ferr != nil {
			t.Fatal(ferr)
		}
		storetest.Gone(t, s, gone.Batch)
		record, rerr := s.Erase(ctx, e, func(store.Erased) ([]byte, store.Leaf, error) { panic("signed twice") })
		must(t, rerr)
		if digest := storetest.Digest(gone.Batch); record[0] != 1 || !bytes.Equal(record[2:], digest[:]) {
			t.Fatalf("record %x", record)
		}
		doJobs(t, s)
		if n := storetest.Verify(t, s); n != 2 {
			t.Fatalf("%d boxes stay", n)
		}
		if err == nil {
			if at < 3 {
				t.Fatal("an erasure makes too few calls: the faults hit nothing")
			}
			return
		}
	}
}

// TestI21AnotherCollectorCompletesAnErasure: nobody is started anew and nobody asks again.
func TestI21AnotherCollectorCompletesAnErasure(t *testing.T) {
	c := realConfig(t)
	lost, f := openFaulty(t, c)
	other, _ := reopen(t, c)
	p := storetest.Enrol(t, lost)
	gone := p.Record(100)
	put(t, lost, gone)
	f.before = func(_, key string) error {
		if strings.HasPrefix(key, keyPrefix) {
			return errFault
		}
		return nil
	}
	e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}
	if _, err := lost.Erase(ctx, e, storetest.Sign); err == nil {
		t.Fatal("the fault hit nothing")
	}
	_, err := other.pool.Exec(ctx, "UPDATE jobs SET due = now()") // the time that others wait is over
	must(t, err)
	doJobs(t, other)
	storetest.Gone(t, other, gone.Batch)
	papers, err := other.Papers(ctx, p.Device.Subject)
	must(t, err)
	if len(papers.Erasures) != 1 {
		t.Fatalf("%d records", len(papers.Erasures))
	}
}

// TestI21ReplacedKeysAreForgotten: a key that one collector destroyed does not stay in the memory of another one.
func TestI21ReplacedKeysAreForgotten(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	p := storetest.Enrol(t, one)
	put(t, two, p.Record(1))
	remembers := func() bool { _, ok := two.ring.get(p.Device.Subject, 1, time.Now()); return ok }
	if !remembers() {
		t.Fatal("there was nothing to forget")
	}
	_, err := one.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	two.forgetReplaced(ctx)
	if remembers() {
		t.Fatal("the other collector still has the key")
	}
	put(t, two, p.Record(2))
	if n := storetest.Verify(t, one); n != 1 {
		t.Fatal(n)
	}
}

// TestI21NothingOfAnErasedBoxStays: neither its bytes in a pack nor the key that opened its capsules.
func TestI21NothingOfAnErasedBoxStays(t *testing.T) {
	c := realConfig(t)
	s, _ := openFaulty(t, c)
	p := storetest.Enrol(t, s)
	gone, kept := p.Record(5000), p.Record(6000)
	put(t, s, gone, kept)
	holds := func(part []byte) (n int) {
		for _, key := range keysIn(t, s, "") {
			body, err := s.objects.Get(ctx, key)
			must(t, err)
			if bytes.Contains(body, part) {
				n++
			}
		}
		return n
	}
	oldKey, err := s.objects.Get(ctx, keyName(p.Device.Subject, 1))
	must(t, err)
	if holds(gone.Payload[:64]) != 1 || holds(oldKey) != 1 {
		t.Fatal("the search finds nothing even while it is there")
	}
	_, err = s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{gone.Batch}, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	if holds(oldKey) != 0 {
		t.Fatal("the old key stays")
	}
	doJobs(t, s)
	if holds(gone.Payload[:64]) != 0 || holds(kept.Payload[:64]) != 1 {
		t.Fatal("bytes of the erased box stay, or those of its neighbour went")
	}
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatal(n)
	}
	if damaged, err := Check(ctx, c, wrap, func() {}); damaged != 0 || err != nil {
		t.Fatal(damaged, err)
	}
}

// TestI21ARestoredDatabaseErasesAgain: a dump from before an erasure is put back beside the bucket of today.
func TestI21ARestoredDatabaseErasesAgain(t *testing.T) {
	c := realConfig(t)
	database := name()
	c.Postgres = postgres.URL(database)
	must(t, postgres.SQL("postgres", "CREATE DATABASE "+database+" TEMPLATE made"))
	s, _ := openFaulty(t, c)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	gone, kept, other := p.Record(100), p.Record(200), q.Record(300)
	put(t, s, gone, kept)
	put(t, s, other)
	released(t, s, func() {})
	dump := filepath.Join(t.TempDir(), "dump")
	must(t, postgres.Dump(database, dump))
	_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{gone.Batch}, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	must(t, s.Close())
	must(t, postgres.SQL("postgres", "DROP DATABASE "+database))
	must(t, postgres.Load(database, dump))
	t.Cleanup(func() { must(t, postgres.SQL("postgres", "DROP DATABASE "+database+" WITH (FORCE)")) })
	rep, err := Restored(ctx, c, wrap, quiet())
	must(t, err)
	if rep.Erased != 1 || rep.Shut != 1 || rep.Missing != 0 {
		t.Fatalf("%+v", rep)
	}
	s, _ = reopen(t, c)
	if all, orphans := mapped(t, s); all != 1 || orphans != 0 {
		t.Errorf("%d rows in maps, %d of boxes that are gone", all, orphans)
	}
	storetest.Gone(t, s, gone.Batch)
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatalf("%d boxes, want the other person's alone", n)
	}
	put(t, s, p.Record(10)) // the person goes on
	if n := storetest.Verify(t, s); n != 2 {
		t.Fatal(n)
	}
}

// TestARestoredDatabaseKnowsWhatEnded: what was withdrawn or revoked after a dump stays so when the dump is put back, and nobody enrols
// again with an invitation that was used.
func TestARestoredDatabaseKnowsWhatEnded(t *testing.T) {
	c := realConfig(t)
	database := name()
	c.Postgres = postgres.URL(database)
	must(t, postgres.SQL("postgres", "CREATE DATABASE "+database+" TEMPLATE made"))
	s, _ := openFaulty(t, c)
	var ends storetest.Ends
	ends.Begin(t, s)
	dump := filepath.Join(t.TempDir(), "dump")
	must(t, postgres.Dump(database, dump))
	ends.End(t, s)
	must(t, s.sweepNew(ctx, &Report{})) // what another process revoked is noted once a day
	must(t, s.Close())
	must(t, postgres.SQL("postgres", "DROP DATABASE "+database))
	must(t, postgres.Load(database, dump))
	t.Cleanup(func() { must(t, postgres.SQL("postgres", "DROP DATABASE "+database+" WITH (FORCE)")) })
	_, err := Restored(ctx, c, wrap, quiet())
	must(t, err)
	s, _ = reopen(t, c)
	ends.Check(t, s)
}

// TestErasuresAndBoxesAtOnce: two collectors store boxes of a person while a third one erases all: what is acknowledged as stored is either
// readable or erased, and never both.
func TestErasuresAndBoxesAtOnce(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	p := storetest.Enrol(t, one)
	var stored, erased atomic.Int64
	var wg sync.WaitGroup
	for _, s := range []*Store{one, two} {
		wg.Go(func() {
			for range 30 {
				out, err := s.Put(ctx, []store.Record{p.Record(50), p.Record(60)})
				if err != nil {
					t.Error(err)
					return
				}
				for _, o := range out {
					if o == store.Stored {
						stored.Add(1)
					}
				}
			}
		})
	}
	wg.Go(func() {
		for range 10 {
			_, err := two.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, func(e store.Erased) ([]byte, store.Leaf, error) {
				erased.Add(int64(e.Boxes))
				return storetest.Sign(e)
			})
			if err != nil {
				t.Error(err)
			}
			doJobs(t, two)
		}
	})
	wg.Wait()
	if n := storetest.Verify(t, one); int64(n) != stored.Load()-erased.Load() {
		t.Fatalf("%d stored, %d erased, %d are there", stored.Load(), erased.Load(), n)
	}
}
