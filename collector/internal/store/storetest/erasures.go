package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Sign is a store.SignErasure whose record says what was done, for tests to compare.
func Sign(e store.Erased) ([]byte, store.Leaf, error) {
	record := append([]byte{byte(e.Boxes), byte(e.Released)}, e.Digest[:]...)
	return record, store.Leaf{Kind: store.PersonLeaf, Body: record[:32], Subject: e.Erasure.Subject}, nil
}

// Digest is what an erasure of these boxes is known by.
func Digest(ids ...store.ID) [32]byte {
	slices.SortFunc(ids, func(a, b store.ID) int { return bytes.Compare(a[:], b[:]) })
	var all []byte
	for _, id := range ids {
		all = append(all, id[:]...)
	}
	return sha256.Sum256(all)
}

// Gone fails the test if the store still holds the box or gives it out.
func Gone(t testing.TB, s store.Store, batch store.ID) {
	t.Helper()
	if _, err := s.Read(ctx, batch); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("an erased box: %v", err)
	}
	for row, err := range s.Scan(ctx, store.Query{}) {
		must(t, err)
		if row.Batch == batch {
			t.Fatal("an erased box still has a row")
		}
	}
}

func testErase(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	a, b, c, other := p.Record(100), p.Record(200), p.Record(300), q.Record(400)
	put(t, s, []store.Record{a, b, c, other}, store.Stored, store.Stored, store.Stored, store.Stored)
	e := store.Export{ID: ID(), Query: store.Query{Purpose: Purpose}, At: Noon}
	_, err := s.BeginExport(ctx, e, func(store.Plan) store.Leaf { return store.Leaf{} })
	must(t, err)
	before := len(outbox(t, s))
	never := ID()
	record, err := s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{c.Batch, a.Batch, never}, At: Noon}, Sign)
	must(t, err)
	digest := Digest(a.Batch, c.Batch, never)
	if record[0] != 2 || record[1] != 2 || !bytes.Equal(record[2:], digest[:]) {
		t.Fatalf("record %x", record)
	}
	Gone(t, s, a.Batch)
	Gone(t, s, c.Batch)
	if n := Verify(t, s); n != 2 {
		t.Fatalf("%d boxes stay, want the neighbour and the other's", n)
	}
	for r, err := range s.Released(ctx, e.ID) {
		must(t, err)
		if r.Batch == a.Batch || r.Batch == c.Batch {
			t.Fatal("an erased box is released")
		}
	}
	if rows := outbox(t, s); len(rows) != before+1 || !bytes.Equal(rows[before].Leaf.Body, record[:32]) {
		t.Fatal("the erasure has no leaf of its own")
	}
	put(t, s, []store.Record{p.Record(50)}, store.Stored)
	if n := Verify(t, s); n != 3 {
		t.Fatalf("%d boxes after another came", n)
	}
}

func testEraseAll(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	a, b, other := p.Record(100), p.Record(200), q.Record(300)
	put(t, s, []store.Record{a, b, other}, store.Stored, store.Stored, store.Stored)
	record, err := s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, All: true, At: Noon}, Sign)
	must(t, err)
	if digest := Digest(a.Batch, b.Batch); record[0] != 2 || !bytes.Equal(record[2:], digest[:]) {
		t.Fatalf("record %x", record)
	}
	Gone(t, s, a.Batch)
	Gone(t, s, b.Batch)
	put(t, s, []store.Record{a, p.Record(1)}, store.WasErased, store.Stored)
	if n := Verify(t, s); n != 2 {
		t.Fatalf("%d boxes, want the other's and the new one", n)
	}
}

func testEraseTwice(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	a, b := p.Record(1), p.Record(2)
	put(t, s, []store.Record{a, b}, store.Stored, store.Stored)
	e := store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{a.Batch}, At: Noon}
	first, err := s.Erase(ctx, e, Sign)
	must(t, err)
	leaves := len(outbox(t, s))
	again, err := s.Erase(ctx, e, func(store.Erased) ([]byte, store.Leaf, error) { panic("signed twice") })
	must(t, err)
	if !bytes.Equal(first, again) || len(outbox(t, s)) != leaves {
		t.Fatal("asked again, the erasure has another record or leaf")
	}
	e.Batches = []store.ID{b.Batch}
	if _, err := s.Erase(ctx, e, Sign); !errors.Is(err, store.ErrExists) {
		t.Fatal("an id served two erasures:", err)
	}
	if n := Verify(t, s); n != 1 {
		t.Fatalf("%d boxes", n)
	}
	if n, err := s.FinishErasures(ctx, Sign); n != 0 || err != nil {
		t.Fatal("something was left unfinished:", n, err)
	}
}

func testEraseForeign(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	mine, theirs := p.Record(1), q.Record(2)
	put(t, s, []store.Record{mine, theirs}, store.Stored, store.Stored)
	leaves := len(outbox(t, s))
	e := store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{mine.Batch, theirs.Batch}, At: Noon}
	if _, err := s.Erase(ctx, e, Sign); !errors.Is(err, store.ErrForeign) {
		t.Fatal("another's box:", err)
	}
	for name, bad := range map[string]store.Erasure{
		"nothing":      {ID: ID(), Subject: p.Device.Subject},
		"all and some": {ID: ID(), Subject: p.Device.Subject, All: true, Batches: []store.ID{mine.Batch}},
		"too many":     {ID: ID(), Subject: p.Device.Subject, Batches: make([]store.ID, store.MaxErase+1)},
	} {
		if _, err := s.Erase(ctx, bad, Sign); !errors.Is(err, store.ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := Verify(t, s); n != 2 || len(outbox(t, s)) != leaves {
		t.Fatal("a refused erasure changed something")
	}
	first := store.Erasure{ID: ID(), Subject: q.Device.Subject, Batches: []store.ID{theirs.Batch}, At: Noon}
	_, err := s.Erase(ctx, first, Sign)
	must(t, err)
	first.Subject = p.Device.Subject
	if _, err := s.Erase(ctx, first, Sign); !errors.Is(err, store.ErrExists) {
		t.Fatal("another's record was given out:", err)
	}
}

func testErasedStaysAway(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	sent, onItsWay := p.Record(1), p.Record(2)
	put(t, s, []store.Record{sent}, store.Stored)
	_, err := s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{sent.Batch, onItsWay.Batch}, At: Noon}, Sign)
	must(t, err)
	put(t, s, []store.Record{sent, onItsWay}, store.WasErased, store.WasErased)
	theirs := q.Record(3)
	_, err = s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{theirs.Batch}, At: Noon}, Sign)
	must(t, err)
	put(t, s, []store.Record{theirs}, store.Stored) // an id that was guessed keeps nobody else out
}

func testErasureCode(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	one, two := sha256.Sum256([]byte("one")), sha256.Sum256([]byte("two"))
	if _, err := s.ErasureCode(ctx, one); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("an unknown code:", err)
	}
	must(t, s.PutErasureCode(ctx, p.Device.Subject, one))
	must(t, s.PutErasureCode(ctx, p.Device.Subject, one))
	if err := s.PutErasureCode(ctx, q.Device.Subject, one); !errors.Is(err, store.ErrExists) {
		t.Fatal("another's code:", err)
	}
	if who, err := s.ErasureCode(ctx, one); err != nil || who != p.Device.Subject {
		t.Fatal(who, err)
	}
	must(t, s.PutErasureCode(ctx, p.Device.Subject, two))
	if _, err := s.ErasureCode(ctx, one); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("a replaced code still counts:", err)
	}
}

func testExpire(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	old := []store.Record{p.Record(100), p.Record(300 << 10), q.Record(10)}
	young, other := p.Record(10), q.Record(20)
	other.Policy = sha256.Sum256([]byte("another policy"))
	c := Consent(q.Device)
	c.Policy = other.Policy
	must(t, s.PutConsent(ctx, c))
	other.Consent = c.ID
	young.Received = Noon.Add(time.Hour)
	put(t, s, append(old, young, other), store.Stored, store.Stored, store.Stored, store.Stored, store.Stored)
	before := Noon.Add(time.Hour)
	for _, want := range []int{3, 0} { // again it does nothing
		n, err := s.Expire(ctx, p.Consent.Policy, before)
		must(t, err)
		if n != want {
			t.Fatalf("%d boxes, want %d", n, want)
		}
	}
	for _, r := range old {
		Gone(t, s, r.Batch)
	}
	if n := Verify(t, s); n != 2 {
		t.Fatalf("%d boxes are left, want the young one and the one under another policy", n)
	}
	put(t, s, []store.Record{p.Record(30)}, store.Stored)
	if n := Verify(t, s); n != 3 {
		t.Fatal("the person cannot go on:", n)
	}
}
