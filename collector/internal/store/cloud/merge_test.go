//go:build linux

package cloud

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// inTwoDays lets a collector find that all packs are old enough to be merged, and objects without rows old enough to be removed.
func inTwoDays(s *Store) { s.now = func() time.Time { return time.Now().Add(48 * time.Hour) } }

// putAlone stores boxes, each in a pack of its own.
func putAlone(t testing.TB, s *Store, boxes ...store.Record) {
	t.Helper()
	for _, r := range boxes {
		put(t, s, r)
	}
}

func records(p storetest.Person, n int) (out []store.Record) {
	for i := range n {
		out = append(out, p.Record(100+i))
	}
	return out
}

// sweepAll compares everything, as if the last sweep had been long ago.
func sweepAll(t testing.TB, s *Store) Report {
	t.Helper()
	var rep Report
	must(t, s.sweep(ctx, time.Time{}, &rep))
	return rep
}

// TestSmallPacksAreMerged: what lies in many small packs lies in one afterwards; young packs and large ones stay as they are.
func TestSmallPacksAreMerged(t *testing.T) {
	c := realConfig(t)
	s, _ := reopen(t, c)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	putAlone(t, s, append(records(p, 2*mergeLeast), records(q, mergeLeast)...)...)
	doJobs(t, s)
	if n := len(keysIn(t, s, packPrefix)); n != 3*mergeLeast {
		t.Fatalf("%d packs: some were merged on their first day", n)
	}
	large := q.Record(100)
	put(t, s, large)
	_, err := s.pool.Exec(ctx, "UPDATE packs SET size = $1 FROM batches WHERE pack = name AND batch = $2", mergeSmall, large.Batch[:])
	must(t, err)
	inTwoDays(s)
	_, err = s.pool.Exec(ctx, "UPDATE jobs SET due = now()") // it is the next day
	must(t, err)
	doJobs(t, s)
	if n := len(keysIn(t, s, packPrefix)); n != 2 {
		t.Fatalf("%d packs are left", n)
	}
	if n := storetest.Verify(t, s); n != 3*mergeLeast+1 {
		t.Fatalf("%d boxes are left", n)
	}
	if damaged, err := Check(ctx, c, wrap, func() {}); damaged != 0 || err != nil {
		t.Fatal(damaged, err)
	}
	if left, err := s.ids(ctx, "SELECT about FROM jobs WHERE kind = $1", jobScrub); len(left) != 0 || err != nil {
		t.Fatalf("%d jobs are left, %v", len(left), err)
	}
	if rep := sweepAll(t, s); rep != (Report{}) {
		t.Fatalf("after it a sweep finds %+v", rep)
	}
}

// TestI16AMergeCutShortLosesNothing: the collector is lost at every call to the bucket, before or after it was done. All boxes can be read at once,
// and another collector leaves nothing but what is needed.
func TestI16AMergeCutShortLosesNothing(t *testing.T) {
	const boxes = mergeLeast
	for at := 0; ; at++ {
		done := false
		for _, late := range []bool{false, true} {
			c := realConfig(t)
			s, f := openFaulty(t, c)
			p := storetest.Enrol(t, s)
			putAlone(t, s, records(p, boxes)...)
			inTwoDays(s)
			calls := 0
			fault := func(op, _ string) error {
				if op == "get" {
					return nil
				}
				if calls++; calls > at {
					return errFault
				}
				return nil
			}
			if f.before = fault; late {
				f.before, f.after = nil, fault
			}
			_, err := s.merge(ctx)
			if n := storetest.Verify(t, s); n != boxes {
				t.Fatalf("call %d: %d boxes", at, n)
			}
			forgotten, ferr := s.ids(ctx, "SELECT name FROM packs WHERE retired IS NOT NULL AND name NOT IN (SELECT about FROM jobs WHERE kind = $1)", jobScrub)
			must(t, ferr)
			for _, name := range forgotten { // later sweeps do not look so far back
				if _, gerr := s.objects.Get(ctx, packKey(name)); !errors.Is(gerr, bucket.ErrMissing) {
					t.Fatalf("call %d: a retired pack is there, and no job will delete it: %v", at, gerr)
				}
			}
			other, _ := reopen(t, c)
			inTwoDays(other)
			_, uerr := other.pool.Exec(ctx, "UPDATE jobs SET due = now()") // the time that others wait is over
			must(t, uerr)
			doJobs(t, other)
			sweepAll(t, other)
			if n := storetest.Verify(t, other); n != boxes {
				t.Fatalf("call %d: %d boxes after another collector came to it", at, n)
			}
			if n := len(keysIn(t, other, packPrefix)); n != 1 {
				t.Fatalf("call %d: %d packs are left", at, n)
			}
			done = err == nil
		}
		if done {
			if at < 3 {
				t.Fatal("a merge makes too few calls: the faults hit nothing")
			}
			return
		}
		if at == 2 { // the others delete one more each
			at = boxes
		}
	}
}

// holds counts the objects that hold some bytes.
func holds(t testing.TB, s *Store, part []byte) (n int) {
	t.Helper()
	for _, key := range keysIn(t, s, packPrefix) {
		body, err := s.objects.Get(ctx, key)
		must(t, err)
		if bytes.Contains(body, part) {
			n++
		}
	}
	return n
}

// TestI21ErasedWhileMerged: a box that is erased between its copy and the move of its row is in no pack afterwards.
func TestI21ErasedWhileMerged(t *testing.T) {
	s, f := openFaulty(t, realConfig(t))
	p := storetest.Enrol(t, s)
	boxes := records(p, mergeLeast)
	putAlone(t, s, boxes...)
	inTwoDays(s)
	gone, kept := boxes[3], boxes[4]
	f.after = func(op, key string) error {
		if op != "put" || !strings.HasPrefix(key, packPrefix) {
			return nil
		}
		f.after = nil
		if n := holds(t, s, gone.Payload[:64]); n != 2 {
			t.Errorf("the box lies in %d packs: it was not copied yet, or not any more", n)
		}
		_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{gone.Batch}, At: storetest.Noon}, storetest.Sign)
		return err
	}
	some, err := s.merge(ctx)
	if must(t, err); !some || f.after != nil {
		t.Fatal("nothing was merged")
	}
	doJobs(t, s)
	if holds(t, s, gone.Payload[:64]) != 0 || holds(t, s, kept.Payload[:64]) != 1 {
		t.Fatal("bytes of the erased box stay, or those of its neighbour went")
	}
	if n, packs := storetest.Verify(t, s), len(keysIn(t, s, packPrefix)); n != mergeLeast-1 || packs != 1 {
		t.Fatalf("%d boxes in %d packs", n, packs)
	}
}

// TestI21ErasedWhileMoved: an erasure that waits for the transaction that moves its box asks to scrub the pack into which it was moved.
func TestI21ErasedWhileMoved(t *testing.T) {
	s, _ := reopen(t, realConfig(t))
	p := storetest.Enrol(t, s)
	gone, kept := p.Record(100), p.Record(200)
	put(t, s, gone, kept)
	_, old, body := find(t, s, gone.Batch)
	rows, err := s.packRows(ctx, old)
	must(t, err)
	var c copied
	c.add(body, rows)
	fresh := s.newName()
	must(t, s.putPack(ctx, fresh, c.body))
	tx, err := s.pool.Begin(ctx)
	must(t, err)
	must(t, s.move(ctx, tx, c, fresh))
	must(t, s.retire(ctx, tx, []store.ID{old}))
	erased := make(chan error, 1)
	go func() {
		_, err := s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{gone.Batch}, At: storetest.Noon}, storetest.Sign)
		erased <- err
	}()
	for waits := 0; waits == 0; {
		must(t, s.pool.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waits))
	}
	must(t, tx.Commit(ctx))
	must(t, <-erased)
	_, err = s.pool.Exec(ctx, "UPDATE jobs SET due = now()")
	must(t, err)
	doJobs(t, s)
	if holds(t, s, gone.Payload[:64]) != 0 || holds(t, s, kept.Payload[:64]) != 1 {
		t.Fatal("bytes of the erased box stay, or those of its neighbour went")
	}
}

// TestTwoCollectorsMergeTheSame: one is slow, and finds in the end that another did it.
func TestTwoCollectorsMergeTheSame(t *testing.T) {
	c := realConfig(t)
	slow, f := openFaulty(t, c)
	quick, _ := reopen(t, c)
	p := storetest.Enrol(t, slow)
	putAlone(t, slow, records(p, mergeLeast)...)
	inTwoDays(slow)
	inTwoDays(quick)
	f.after = func(op, key string) error {
		if op != "put" {
			return nil
		}
		f.after = nil
		some, err := quick.merge(ctx)
		if !some {
			t.Error("the quick one did nothing")
		}
		return err
	}
	_, err := slow.merge(ctx)
	must(t, err)
	doJobs(t, quick)
	if n, packs := storetest.Verify(t, quick), len(keysIn(t, quick, packPrefix)); n != mergeLeast || packs != 1 {
		t.Fatalf("%d boxes in %d packs", n, packs)
	}
}

// TestI21MergesAndErasuresAtOnce: while one collector stores and another erases, a third one merges. In the end there is what was stored and not
// erased, and no pack holds a byte of the rest.
func TestI21MergesAndErasuresAtOnce(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	three, _ := reopen(t, c)
	inTwoDays(three)
	people := []storetest.Person{storetest.Enrol(t, one), storetest.Enrol(t, one)}
	var gone, kept []store.Record
	var over atomic.Bool
	var merging sync.WaitGroup
	merges := 0
	merging.Go(func() {
		for !over.Load() {
			some, err := three.merge(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			if some {
				merges++
			}
		}
	})
	for i := range 3 * mergeLeast {
		a, b := people[0].Record(200), people[1].Record(201)
		if i%2 == 0 {
			put(t, one, a, b)
		} else {
			putAlone(t, one, a, b)
		}
		if gone, kept = append(gone, a), append(kept, b); i%3 == 0 {
			_, err := two.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: a.Subject, Batches: ids(gone), At: storetest.Noon}, storetest.Sign)
			must(t, err)
		}
	}
	over.Store(true)
	merging.Wait()
	_, err := two.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: people[0].Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	_, err = three.pool.Exec(ctx, "UPDATE jobs SET due = now()")
	must(t, err)
	doJobs(t, three)
	if n := storetest.Verify(t, two); n != len(kept) {
		t.Fatalf("%d boxes, %d were stored and not erased", n, len(kept))
	}
	for _, key := range keysIn(t, two, packPrefix) {
		body, err := two.objects.Get(ctx, key)
		must(t, err)
		for _, r := range gone {
			if bytes.Contains(body, r.Payload[:64]) {
				t.Fatal("a pack holds bytes of an erased box")
			}
		}
	}
	t.Logf("%d merges beside %d boxes stored and %d erased", merges, len(gone)+len(kept), len(gone))
}

func ids(boxes []store.Record) (out []store.ID) {
	for _, r := range boxes {
		out = append(out, r.Batch)
	}
	return out
}

// TestChooseSmall: whatever sizes packs come in, merging them ends with few, and moves no byte more than a handful of times.
func TestChooseSmall(t *testing.T) {
	for _, smallest := range []int64{300, 3000, 100_000} {
		type pack struct{ size, moved int64 }
		var packs []pack
		total, most := int64(0), int64(0)
		for range 3000 {
			size := smallest + rand.Int64N(smallest)
			packs, total = append(packs, pack{size, 0}), total+size
			for {
				slices.SortFunc(packs, func(a, b pack) int { return int(a.size - b.size) })
				var sizes []int64
				for _, p := range packs {
					if p.size < mergeSmall && len(sizes) < mergeMost {
						sizes = append(sizes, p.size)
					}
				}
				n := chooseSmall(sizes)
				if n == 0 {
					break
				}
				var into pack
				for _, p := range packs[:n] {
					if all := sum(sizes[:n]); all < mergeSmall && mergeGain*p.size > all || all > mergeBytes {
						t.Fatalf("a pack of %d goes into one of %d", p.size, sum(sizes[:n]))
					}
					into.size, into.moved = into.size+p.size, max(into.moved, p.moved+1)
				}
				most = max(most, into.moved)
				packs = append(packs[n:], into)
			}
		}
		whole := total / mergeSmall
		if left := int64(len(packs)); left > whole+5*mergeLeast || most > 9 {
			t.Errorf("of 3000 packs of %d bytes and more %d are left; one byte was moved %d times", smallest, left, most)
		}
	}
}

func sum(sizes []int64) (n int64) {
	for _, s := range sizes {
		n += s
	}
	return n
}
