//go:build linux

package cloud

import (
	"bytes"
	"slices"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// where a box lies, and its pack.
func find(t testing.TB, s *Store, batch store.ID) (p place, name store.ID, body []byte) {
	t.Helper()
	var raw []byte
	must(t, s.pool.QueryRow(ctx, "SELECT pack, at, head, body, sealed FROM batches WHERE batch = $1", batch[:]).Scan(&raw, &p.at, &p.head, &p.payload, &p.sealed))
	name = store.ID(raw)
	body, err := s.objects.Get(ctx, packKey(name))
	must(t, err)
	return p, name, body
}

// age puts a box where a collector from before capsules lay in packs would have: its record ends with the payload, its capsules lie in the index.
func age(t testing.TB, s *Store, r store.Record) {
	t.Helper()
	p, _, body := find(t, s, r.Batch)
	_, _, sealed, err := decodeRecord(body[p.at:p.at+p.size()], r.Batch, p)
	must(t, err)
	h := deposit.Head(r.Batch, r.Head, r.Payload)
	old := s.newName()
	must(t, s.putPack(ctx, old, slices.Concat([]byte(deposit.PackMagic), h[:], r.Head, r.Payload)))
	_, err = s.pool.Exec(ctx, "INSERT INTO packs (name, size) VALUES ($1, 1)", old[:])
	must(t, err)
	_, err = s.pool.Exec(ctx, "UPDATE batches SET pack = $1, at = $2, sealed = 0 WHERE batch = $3", old[:], len(deposit.PackMagic), r.Batch[:])
	must(t, err)
	_, err = s.pool.Exec(ctx, "UPDATE capsules SET sealed = $1 WHERE batch = $2", sealed, r.Batch[:])
	must(t, err)
}

// TestCapsulesLieInPacks: none lies in the index, and a box of an older collector is read, checked, merged and moved to another key as ever.
func TestCapsulesLieInPacks(t *testing.T) {
	c := realConfig(t)
	s, _ := reopen(t, c)
	p := storetest.Enrol(t, s)
	boxes := records(p, mergeLeast)
	putAlone(t, s, boxes...)
	var inIndex int
	must(t, s.pool.QueryRow(ctx, "SELECT count(sealed) FROM capsules").Scan(&inIndex))
	if at, _, _ := find(t, s, boxes[0].Batch); inIndex != 0 || at.sealed <= int64(len(boxes[0].Capsules)) {
		t.Fatalf("capsules of %d boxes lie in the index, %d bytes of one in a pack", inIndex, at.sealed)
	}
	for _, r := range boxes[:5] {
		age(t, s, r)
	}
	whole := func(n int) {
		t.Helper()
		if got := storetest.Verify(t, s); got != n {
			t.Fatalf("%d boxes, want %d", got, n)
		}
		if damaged, err := Check(ctx, c, wrap, func() {}); damaged != 0 || err != nil {
			t.Fatal(damaged, err)
		}
	}
	whole(mergeLeast)
	inTwoDays(s)
	some, err := s.merge(ctx)
	if must(t, err); !some {
		t.Fatal("nothing was merged")
	}
	whole(mergeLeast)
	_, err = s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: ids(boxes[4:6]), At: storetest.Noon}, storetest.Sign)
	must(t, err)
	doJobs(t, s)
	whole(mergeLeast - 2)
}

// TestI21CapsulesOfErasedBoxesGo: they lie in no pack once it was scrubbed, and before that no key opens them.
func TestI21CapsulesOfErasedBoxesGo(t *testing.T) {
	s, _ := reopen(t, realConfig(t))
	p := storetest.Enrol(t, s)
	gone, kept := p.Record(100), p.Record(200)
	put(t, s, gone, kept)
	at, _, body := find(t, s, gone.Batch)
	_, _, sealed, err := decodeRecord(body[at.at:at.at+at.size()], gone.Batch, at)
	must(t, err)
	var shred []byte
	must(t, s.pool.QueryRow(ctx, "SELECT shred_key FROM capsules WHERE batch = $1", gone.Batch[:]).Scan(&shred))
	k, err := s.epoch(ctx, p.Device.Subject, 1)
	must(t, err)
	if got, err := deposit.OpenCapsules(k, gone, sealed, shred); err != nil || !bytes.Equal(got, gone.Capsules) {
		t.Fatal("the control: the copy of the shred key does not open them:", err)
	}
	_, err = s.Erase(ctx, store.Erasure{ID: storetest.ID(), Subject: p.Device.Subject, Batches: []store.ID{gone.Batch}, At: storetest.Noon}, storetest.Sign)
	must(t, err)
	s.ring.forget(p.Device.Subject)
	if _, err := s.epoch(ctx, p.Device.Subject, 1); err == nil {
		t.Fatal("the key that opens a copy of the shred key is still there")
	}
	var rows int
	must(t, s.pool.QueryRow(ctx, "SELECT count(*) FROM capsules").Scan(&rows))
	if doJobs(t, s); holds(t, s, sealed) != 0 || rows != 1 {
		t.Fatalf("capsules of the erased box stay, or %d shred keys", rows)
	}
	if n := storetest.Verify(t, s); n != 1 {
		t.Fatal(n)
	}
}
