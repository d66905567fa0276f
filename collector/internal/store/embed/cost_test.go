package embed

import (
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// capsulesSize is that of a box for one custodian: proto/SPEC.md, section 6.
const capsulesSize = 3633

// TestEraseCost measures an erasure of ten boxes of a person with many, which moves all their other keys, and then of all the rest, with
// capsules as long as real ones. Processor time is that of the whole process: it does not grow when others use the machine.
func TestEraseCost(t *testing.T) {
	boxes, out := 500, t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		boxes, out = 100_000, "../../../../bench/out"
	}
	s, _ := reopen(t, t.TempDir())
	p := storetest.Enrol(t, s)
	var ids []store.ID
	for len(ids) < boxes {
		var group []store.Record
		for range min(500, boxes-len(ids)) {
			r := p.Record(1000)
			r.Capsules = make([]byte, capsulesSize)
			rand.Read(r.Capsules) // never fails
			group = append(group, r)
			ids = append(ids, r.Batch)
		}
		_, err := s.Put(ctx, group)
		must(t, err)
	}
	erase := func(e store.Erasure) (wall, cpu float64) {
		e.ID, e.Subject, e.At = storetest.ID(), p.Device.Subject, storetest.Noon
		began, before := time.Now(), processor(t)
		_, err := s.Erase(ctx, e, storetest.Sign)
		must(t, err)
		return time.Since(began).Seconds(), (processor(t) - before).Seconds()
	}
	span, spanCPU := erase(store.Erasure{Batches: ids[:10]})
	whole, wholeCPU := erase(store.Erasure{All: true})
	if n := storetest.Verify(t, s); n != 0 {
		t.Fatalf("%d boxes stay", n)
	}
	must(t, report.Write(os.Stdout, out, "erase", []report.Figure{
		{What: "erase 10 boxes of a person with 100,000", Value: span, Unit: "s", Goal: 5, Better: report.Lower},
		{What: "of it, processor time", Value: spanCPU, Unit: "s", Goal: 5, Better: report.Lower},
		{What: "erase all 100,000 boxes of a person", Value: whole, Unit: "s", Goal: 5, Better: report.Lower},
		{What: "of it, processor time, all", Value: wholeCPU, Unit: "s", Goal: 5, Better: report.Lower},
	}))
}
