package embed

import (
	"slices"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// TestGroupsOfAnyLength: what is known is known, and what was erased is erased, at every place of a group, however many questions it takes.
func TestGroupsOfAnyLength(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	p := storetest.Enrol(t, s)
	for _, n := range []int{1, few - 1, few, few + 1, lookup - 1, lookup, lookup + 1, lookup + few, lookup + few + 1, 2*lookup + 1} {
		group, stored := make([]store.Record, n), make([]store.Outcome, n)
		for i := range group {
			group[i], stored[i] = p.Record(10), store.Stored
		}
		if out, err := s.Put(ctx, group); err != nil || !slices.Equal(out, stored) {
			t.Fatalf("%d new boxes: %v, %v", n, out, err)
		}
		want := make([]store.Outcome, n)
		var gone []store.ID
		for i := range group {
			if want[i] = store.Duplicate; i%3 == 0 {
				want[i], gone = store.WasErased, append(gone, group[i].Batch)
			}
		}
		e := store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, At: storetest.Noon, Batches: gone}
		if _, err := s.Erase(ctx, e, storetest.Sign); err != nil {
			t.Fatal(err)
		}
		if out, err := s.Put(ctx, group); err != nil || !slices.Equal(out, want) {
			t.Errorf("%d known boxes: %v, want %v, %v", n, out, want, err)
		}
	}
}

// TestPreparedOrNot: a record that was prepared lies in its pack as any other. One that changes after is damaged, and shows it when it is read.
func TestPreparedOrNot(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	p := storetest.Enrol(t, s)
	group := []store.Record{p.Record(1000), p.Record(200 << 10), p.Record(1000)}
	s.Prepare(&group[1])
	if h := deposit.Head(group[1].Batch, group[1].Head, group[1].Payload); !slices.Equal(group[1].Lead, h[:]) {
		t.Fatalf("prepared with %x, not %x", group[1].Lead, h)
	}
	s.Prepare(&group[2])
	group[2].Payload = append([]byte{group[2].Payload[0] ^ 1}, group[2].Payload[1:]...)
	if _, err := s.Put(ctx, group); err != nil {
		t.Fatal(err)
	}
	for i, damaged := range []bool{false, false, true} {
		if _, err := s.Read(ctx, group[i].Batch); (err != nil) != damaged {
			t.Errorf("box %d: %v", i, err)
		}
	}
}
