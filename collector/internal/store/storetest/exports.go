package storetest

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

func testExport(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	group := []store.Record{p.Record(10), p.Record(20), q.Record(30)}
	put(t, s, group, store.Stored, store.Stored, store.Stored)
	e := store.Export{ID: ID(), Custodian: ID(), Query: store.Query{Purpose: Purpose}, At: Noon}
	before := outbox(t, s)
	leaf := func(p store.Plan) store.Leaf { return store.Leaf{Kind: store.ExportLeaf, Body: []byte{byte(p.Boxes)}} }
	plan, err := s.BeginExport(ctx, e, leaf)
	must(t, err)
	if plan.Boxes != 3 || plan.Withheld != 0 || plan.Bytes == 0 {
		t.Fatalf("plan %+v", plan)
	}
	after := outbox(t, s)
	if len(after) != len(before)+1 || after[len(before)].Leaf.Body[0] != 3 {
		t.Fatal("the leaf was not written with the export")
	}
	pseudonyms := map[store.ID]store.ID{}
	n := 0
	for r, err := range s.Released(ctx, e.ID) {
		must(t, err)
		if r.Batch != group[n].Batch || r.Pseudonym == r.Subject || r.Pseudonym == (store.ID{}) {
			t.Fatalf("released %+v", r)
		}
		if old, ok := pseudonyms[r.Subject]; ok && old != r.Pseudonym {
			t.Fatal("one person has two pseudonyms in one export")
		}
		pseudonyms[r.Subject] = r.Pseudonym
		n++
	}
	if n != 3 || len(pseudonyms) != 2 {
		t.Fatalf("%d released of %d people", n, len(pseudonyms))
	}
	if _, err := s.BeginExport(ctx, e, leaf); !errors.Is(err, store.ErrExists) {
		t.Fatal("an export id served twice:", err)
	}
	e.ID = ID()
	_, err = s.BeginExport(ctx, e, leaf)
	must(t, err)
	for r, err := range s.Released(ctx, e.ID) {
		must(t, err)
		if pseudonyms[r.Subject] == r.Pseudonym {
			t.Fatal("two exports share a pseudonym")
		}
	}
}

func testExportWithdrawn(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	put(t, s, []store.Record{p.Record(1), q.Record(1), p.Record(1)}, store.Stored, store.Stored, store.Stored)
	e := store.Export{ID: ID(), Query: store.Query{Purpose: Purpose}, At: Noon}
	_, err := s.BeginExport(ctx, e, func(store.Plan) store.Leaf { return store.Leaf{} })
	must(t, err)
	w := p.Consent
	w.Withdrawn = true
	n := 0
	for r, err := range s.Released(ctx, e.ID) {
		must(t, err)
		if n == 0 {
			must(t, s.PutConsent(ctx, w)) // in the middle of the release
		} else if r.Subject == p.Device.Subject {
			t.Fatal("released after the withdrawal")
		}
		n++
	}
	if n != 2 {
		t.Fatalf("%d released", n)
	}
	plan, err := s.Plan(ctx, e.Query)
	must(t, err)
	if plan.Boxes != 1 || plan.Withheld != 2 {
		t.Fatalf("plan %+v", plan)
	}
}

func testOutbox(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	before := len(outbox(t, s))
	r := p.Record(1)
	put(t, s, []store.Record{r}, store.Stored)
	put(t, s, []store.Record{r}, store.Duplicate)
	bad := p.Record(1)
	bad.Consent = ID()
	put(t, s, []store.Record{bad}, store.NoConsent)
	rows := outbox(t, s)
	if len(rows) != before+1 {
		t.Fatalf("%d leaves for one stored box", len(rows)-before)
	}
	if diff := cmp.Diff(r.Leaf, rows[before].Leaf); diff != "" {
		t.Fatal(diff)
	}
}

func outbox(t *testing.T, s store.Store) []store.OutboxRow {
	t.Helper()
	var out []store.OutboxRow
	for r, err := range s.Outbox(ctx) {
		must(t, err)
		out = append(out, r)
	}
	return out
}

// testForesee: plans add up days of enough people, so that those of two windows subtracted tell of no other day.
func testForesee(t *testing.T, s store.Store) {
	day := Noon.Truncate(24 * time.Hour)
	now := day.AddDate(0, 0, 3).Add(time.Hour)
	for d, people := range []int{11, 9, 10, 12} { // the last is today
		for range people {
			p := Enrol(t, s)
			r, other := p.Record(300<<10), p.Record(1)
			r.Received, other.Received = day.AddDate(0, 0, d), day.AddDate(0, 0, d).Add(23*time.Hour)
			put(t, s, []store.Record{r, other}, store.Stored, store.Stored)
		}
	}
	recipient := sha256.Sum256([]byte("custodian"))
	ask := func(since, until int) store.Plan {
		q := store.Query{Purpose: Purpose, Recipient: recipient}
		if since >= 0 {
			q.Since = day.AddDate(0, 0, since)
		}
		if until >= 0 {
			q.Until = day.AddDate(0, 0, until)
		}
		p, err := s.Foresee(ctx, q, now, 10)
		must(t, err)
		return p
	}
	for _, c := range []struct {
		since, until int
		boxes        uint64
	}{{0, 1, 20}, {1, 2, 0}, {2, 3, 20}, {3, 4, 0}, {0, 2, 20}, {0, 3, 40}, {1, 3, 20}, {0, 4, 40}, {-1, -1, 40}, {2, -1, 20}} {
		got := ask(c.since, c.until)
		if want := c.boxes / 20 * 3 << 20; got.Boxes != c.boxes || c.until-c.since == 1 && c.since == 0 && got.Bytes != want {
			t.Errorf("days %d to %d: %+v, want %d boxes", c.since, c.until, got, c.boxes)
		}
	}
	if p, err := s.Foresee(ctx, store.Query{Purpose: Purpose, Recipient: sha256.Sum256([]byte("another"))}, now, 10); err != nil || p != (store.Plan{}) {
		t.Error("a plan of another's boxes:", p, err)
	}
}

// Maps is the part of the suite that looks behind the interface: what an export took is known for as long as the box is there, however often it
// is released, and no longer. mapped counts the boxes in the maps of all exports of s, which is empty.
func Maps(t *testing.T, s store.Store, mapped func() int) {
	p, q, r := Enrol(t, s), Enrol(t, s), Enrol(t, s)
	old, young := r.Record(10), r.Record(20)
	young.Received = Noon.Add(time.Hour)
	one, other := p.Record(10), p.Record(20)
	put(t, s, []store.Record{one, q.Record(10), other, q.Record(20), old, young}, store.Stored, store.Stored, store.Stored, store.Stored, store.Stored, store.Stored)
	const exports = 3
	for range exports {
		_, err := s.BeginExport(ctx, store.Export{ID: ID(), Custodian: ID(), Query: store.Query{Purpose: Purpose}, At: Noon}, func(store.Plan) store.Leaf { return store.Leaf{} })
		must(t, err)
	}
	late := p.Record(30) // in no export
	put(t, s, []store.Record{late}, store.Stored)
	expect := func(after string, boxes int) {
		t.Helper()
		if n := mapped(); n != exports*boxes {
			t.Fatalf("after %s %d boxes are in the maps of %d exports, want %d in each", after, n, exports, boxes)
		}
	}
	expect("the releases", 6)
	_, err := s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{one.Batch, late.Batch, ID()}, At: Noon}, Sign)
	must(t, err)
	expect("an erasure of some boxes", 5)
	_, err = s.Erase(ctx, store.Erasure{ID: ID(), Subject: q.Device.Subject, All: true, At: Noon}, Sign)
	must(t, err)
	expect("an erasure of everything", 3)
	_, err = s.Expire(ctx, r.Consent.Policy, Noon.Add(time.Hour))
	must(t, err)
	expect("the end of what is older than an hour", 1)
	must(t, s.Close())
}
