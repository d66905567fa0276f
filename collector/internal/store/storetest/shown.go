package storetest

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

func shown(t *testing.T, s store.Store, after int64) (out []store.Row) {
	t.Helper()
	for r, err := range s.Shown(ctx, after) {
		must(t, err)
		if r.Subject != (store.ID{}) || r.Device != (store.ID{}) || r.Consent != (store.ID{}) || r.Number <= after {
			t.Fatalf("shown %+v", r)
		}
		after = r.Number
		out = append(out, r)
	}
	return out
}

func shownUntil(t *testing.T, s store.Store) int64 {
	t.Helper()
	n, err := s.ShownUntil(ctx)
	must(t, err)
	return n
}

func testShown(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	group := []store.Record{p.Record(1), q.Record(2), p.Record(3), q.Record(4), p.Record(5), p.Record(6)}
	put(t, s, group, slices.Repeat([]store.Outcome{store.Stored}, len(group))...)
	never := time.Time{}
	for _, c := range []struct {
		after, until int64
		least        int
	}{{0, 4, 3}, {1, 4, 2}, {4, 6, 1}, {0, 1, 2}} { // too few people; not the next lot, twice; too few boxes
		if must(t, s.Show(ctx, c.after, c.until, c.least, never)); len(shown(t, s, 0)) != 0 || shownUntil(t, s) != 0 {
			t.Fatalf("%+v was shown", c)
		}
	}
	must(t, s.Show(ctx, 0, 4, 2, never))
	first := shown(t, s, 0)
	if len(first) != 4 || shownUntil(t, s) != 4 || !slices.IsSortedFunc(first, func(a, b store.Row) int { return bytes.Compare(a.Batch[:], b.Batch[:]) }) {
		t.Fatalf("shown %+v", first)
	}
	for _, r := range first {
		if !slices.ContainsFunc(group[:4], func(g store.Record) bool { return g.Batch == r.Batch }) || r.Bucket != 2 || r.Purpose != Purpose || !r.Received.Equal(Noon) {
			t.Fatalf("shown %+v", r)
		}
	}
	for _, who := range []Person{p, q} {
		_, err := s.Erase(ctx, store.Erasure{ID: ID(), Subject: who.Device.Subject, All: true, At: Noon}, Sign)
		must(t, err)
		if diff := cmp.Diff(first, shown(t, s, 0)); diff != "" {
			t.Fatalf("after an erasure something else is shown:\n%s", diff)
		}
	}
	if must(t, s.Show(ctx, 4, 6, 1, never)); len(shown(t, s, 0)) != 4 {
		t.Fatal("what was erased before is shown")
	}
	later := p.Record(7)
	later.Received = Noon.Add(time.Hour)
	put(t, s, []store.Record{later}, store.Stored)
	must(t, s.Show(ctx, 4, 7, 1, Noon.Add(time.Hour)))
	if rest := shown(t, s, 0); len(rest) != 1 || rest[0].Batch != later.Batch || rest[0].Number <= first[3].Number {
		t.Fatalf("of old and new there is %+v", rest)
	}
}

// testShownRace lets many show lots that begin at the same box and end elsewhere: one of them counts.
func testShownRace(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	const boxes = 8
	for range boxes {
		put(t, s, []store.Record{p.Record(1)}, store.Stored)
	}
	var all sync.WaitGroup
	for until := range int64(boxes) {
		all.Go(func() {
			if err := s.Show(ctx, 0, until+1, 1, time.Time{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := shownUntil(t, s); n == 0 || len(shown(t, s, 0)) != int(n) {
		t.Fatalf("shown until %d: %d boxes", n, len(shown(t, s, 0)))
	}
}
