package embed

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// TestI21CapsulesOfManyGo: capsules of more boxes than go at once are noted durably, go with the next compaction, also after a restart, and take
// nothing of anybody else along, not even where a salvaged index gave a number again.
func TestI21CapsulesOfManyGo(t *testing.T) {
	dir := t.TempDir()
	s, _ := reopen(t, dir)
	p, q := storetest.Enrol(t, s), storetest.Enrol(t, s)
	var group, stays []store.Record
	for i := range huskPage + 100 {
		group = append(group, p.Record(1))
		if i%700 == 0 {
			stays = append(stays, q.Record(1))
			group = append(group, stays[len(stays)-1])
		}
	}
	_, err := s.Put(ctx, group)
	must(t, err)
	var sealed []byte
	must(t, s.read.QueryRow("SELECT capsules FROM sealed JOIN batches USING (number) WHERE batch = ?", group[20].Batch[:]).Scan(&sealed))
	found := func() bool {
		for _, name := range []string{"index.db", "index.db-wal"} {
			if b, _ := os.ReadFile(filepath.Join(dir, name)); bytes.Contains(b, sealed) {
				return true
			}
		}
		return false
	}
	_, err = s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, All: true, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	var keys int
	must(t, s.read.QueryRow("SELECT count(*) FROM shreds WHERE subject = ?", p.Device.Subject[:]).Scan(&keys))
	if keys != 0 || !found() {
		t.Fatalf("%d shred keys stay; the capsules are there: %v", keys, found())
	}
	must(t, s.Close())
	s, rep := reopen(t, dir)
	if rep != (Report{}) {
		t.Errorf("%+v", rep)
	}
	again := q.Record(5)
	put1(t, s, again)
	_, err = s.write.Exec("INSERT OR REPLACE INTO husks (first, last) SELECT number, number FROM batches WHERE batch = ?", again.Batch[:])
	must(t, err)
	_, err = s.Compact(ctx)
	must(t, err)
	if found() {
		t.Error("capsules that nobody can open stay in the index")
	}
	same(t, s, append(stays, again))
	var left int
	must(t, s.read.QueryRow("SELECT (SELECT count(*) FROM husks) + (SELECT count(*) FROM sealed) - (SELECT count(*) FROM batches)").Scan(&left))
	if left != 0 {
		t.Errorf("%d capsules or notes are left over", left)
	}
}
