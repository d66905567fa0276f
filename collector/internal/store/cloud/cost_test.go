//go:build linux

package cloud

import (
	"crypto/rand"
	"os"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// capsuleBytes is what the capsules of a box have with one custodian: three sealed halves.
const capsuleBytes = 3700

// TestStoreCost measures what one collector stores in groups, with client, PostgreSQL and versitygw on the same machine and the servers'
// files in memory, and what the database keeps of a box.
func TestStoreCost(t *testing.T) {
	groups, out := 2, t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		groups, out = 60, "../../../../../bench/out"
	}
	s, _ := reopen(t, realConfig(t))
	var people []storetest.Person
	for range 50 {
		people = append(people, storetest.Enrol(t, s))
	}
	fill := func(boxes, size int) (seconds float64) {
		for range groups {
			var group []store.Record
			for i := range boxes {
				r := people[i%len(people)].Record(size)
				r.Capsules = make([]byte, capsuleBytes)
				rand.Read(r.Capsules) // never fails
				rand.Read(r.Payload)  // never fails
				group = append(group, r)
			}
			began := time.Now()
			put(t, s, group...)
			seconds += time.Since(began).Seconds()
		}
		return seconds
	}
	fill(50, 100) // keys are made, statements prepared
	before := databaseSize(t, s)
	small := fill(256, 8<<10)
	grown := databaseSize(t, s) - before
	large := fill(32, 256<<10)
	must(t, report.Write(os.Stdout, out, "store-cloud", []report.Figure{
		{What: "small boxes a second, groups of 256", Value: float64(groups*256) / small, Unit: "boxes/s", Goal: 3000, Better: report.Higher},
		{What: "boxes of 256 KiB, groups of 32", Value: float64(groups*32) * 256 / 1024 / large, Unit: "MiB/s", Goal: 100, Better: report.Higher},
		{What: "what the database keeps of a box", Value: grown / float64(groups*256), Unit: "bytes", Goal: 8192, Better: report.Lower},
	}))
}

func databaseSize(t *testing.T, s *Store) (n float64) {
	t.Helper()
	must(t, s.pool.QueryRow(ctx, "SELECT pg_database_size(current_database())::float8").Scan(&n))
	return n
}
