package embed

import (
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// TestMapsEndWithTheirBoxes: what an export took is known for as long as the box is kept, however often it is released, and no longer.
func TestMapsEndWithTheirBoxes(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	p := storetest.Enrol(t, s)
	young := p.Record(10)
	young.Received = storetest.Noon.Add(time.Hour)
	_, err := s.Put(ctx, []store.Record{p.Record(10), p.Record(20), young})
	must(t, err)
	for range 3 {
		_, err := s.BeginExport(ctx, store.Export{ID: storetest.ID(), Custodian: storetest.ID(), Query: store.Query{Purpose: storetest.Purpose}, At: storetest.Noon},
			func(store.Plan) store.Leaf { return store.Leaf{} })
		must(t, err)
	}
	for _, want := range []int{9, 3} {
		var mapped int
		must(t, s.read.QueryRowContext(ctx, "SELECT count(*) FROM export_batches").Scan(&mapped))
		if mapped != want {
			t.Fatalf("%d boxes are in the maps of exports, want %d", mapped, want)
		}
		_, err := s.Expire(ctx, p.Consent.Policy, storetest.Noon.Add(time.Hour))
		must(t, err)
	}
}
