package storetest

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

func testLeaves(t *testing.T, s store.Store) {
	if w, err := s.Waiting(ctx); err != nil || w != (store.Waiting{}) {
		t.Fatalf("of an empty store %+v wait: %v", w, err)
	}
	p, q := Enrol(t, s), Enrol(t, s)
	var bodies [][]byte
	for _, who := range []Person{p, p, q} {
		r := who.Record(10)
		put(t, s, []store.Record{r}, store.Stored)
		bodies = append(bodies, r.Leaf.Body)
	}
	w, err := s.Waiting(ctx)
	must(t, err)
	if w.Leaves != 3 || w.People != 2 || !w.Enrolled {
		t.Fatalf("%+v", w)
	}
	rows, err := s.NextLeaves(ctx, store.PersonLeaf, 2)
	must(t, err)
	if len(rows) != 2 || !bytes.Equal(rows[0].Leaf.Body, bodies[0]) || rows[0].Leaf.Subject != (store.ID{}) {
		t.Fatalf("%+v", rows)
	}
	export := []byte("an export, which can be read")
	for range 2 {
		must(t, s.Logged(ctx, []store.Placed{{Number: rows[0].Number, Place: 7, Body: bodies[0]}, {Place: 9, Body: bodies[2]}, {Place: 11, Body: export, Readable: true}}, 12))
	}
	places, err := s.FindLeaves(ctx, [][]byte{bodies[2], bodies[1], bodies[0], export})
	must(t, err)
	if diff := cmp.Diff([]int64{9, -1, 7, 11}, places); diff != "" {
		t.Fatal(diff)
	}
	if size, err := s.LedgerSize(ctx); err != nil || size != 12 {
		t.Fatal(size, err)
	}
	if w, err = s.Waiting(ctx); err != nil || w.Leaves != 1 || w.People != 1 {
		t.Fatalf("%+v %v", w, err)
	}
	for from, want := range map[uint64]int{0: 1, 11: 1, 12: 0} {
		if got, err := s.ReadableLeaves(ctx, from, 10); err != nil || len(got) != want {
			t.Fatalf("from %d: %v %v", from, got, err)
		}
	}
}

func testMine(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	var mine []store.Record
	for range 3 {
		r := p.Record(10)
		put(t, s, []store.Record{r, q.Record(10)}, store.Stored, store.Stored)
		mine = append(mine, r)
	}
	e := store.Export{ID: ID(), Custodian: ID(), Query: store.Query{Purpose: Purpose}, At: Noon}
	_, err := s.BeginExport(ctx, e, func(store.Plan) store.Leaf { return store.Leaf{} })
	must(t, err)
	_, err = s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, Batches: []store.ID{mine[0].Batch}, At: Noon}, Sign)
	must(t, err)
	var held []store.ID
	for h, err := range s.Holdings(ctx, p.Device.Subject) {
		must(t, err)
		if h.Device != p.Device.ID || h.Digest != mine[len(held)+1].Digest || !h.Received.Equal(Noon.Truncate(time.Hour)) {
			t.Fatalf("%+v", h)
		}
		held = append(held, h.Batch)
	}
	if diff := cmp.Diff([]store.ID{mine[1].Batch, mine[2].Batch}, held); diff != "" {
		t.Fatal(diff)
	}
	papers, err := s.Papers(ctx, p.Device.Subject)
	must(t, err)
	if len(papers.Consents) != 1 || len(papers.Erasures) != 1 || len(papers.Reads) != 1 || papers.Reads[0] != (store.Read{Export: e.ID, Boxes: 2}) {
		t.Fatalf("%+v", papers)
	}
	testWithdrawnElsewhere(t, s, p, q)
	if key, err := s.SigningKey(ctx, p.Device.ID); err != nil || !bytes.Equal(key, p.Device.SigningKey) {
		t.Fatal(err)
	}
	if _, err := s.SigningKey(ctx, ID()); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}

// testWithdrawnElsewhere: a person's withdrawals are listed for their other devices, and for nobody else's.
func testWithdrawnElsewhere(t *testing.T, s store.Store, p, q Person) {
	t.Helper()
	list := func(subject, but store.ID, most, want int) [][]byte {
		t.Helper()
		got, err := s.Withdrawn(ctx, subject, but, most)
		must(t, err)
		if len(got) != want {
			t.Fatalf("%d withdrawals, want %d", len(got), want)
		}
		return got
	}
	list(p.Device.Subject, ID(), 10, 0)
	for i := range 3 {
		must(t, s.PutConsent(ctx, store.Consent{ID: store.ID{byte(i)}, Device: p.Device.ID, Purpose: Purpose, Expires: Noon, Withdrawn: i < 2, Signed: []byte{byte(i)}}))
	}
	if got := list(p.Device.Subject, ID(), 10, 2); !bytes.Equal(got[0], []byte{0}) || !bytes.Equal(got[1], []byte{1}) {
		t.Fatalf("%x", got)
	}
	list(p.Device.Subject, ID(), 1, 1)
	list(p.Device.Subject, p.Device.ID, 10, 0)
	list(q.Device.Subject, ID(), 10, 0)
}

func testJoins(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	first, second := [32]byte{1}, [32]byte{2}
	must(t, s.OfferJoin(ctx, first, p.Device.Subject, []byte("one"), Noon.Add(time.Minute)))
	if err := s.OfferJoin(ctx, first, q.Device.Subject, []byte("other"), Noon.Add(time.Minute)); !errors.Is(err, store.ErrExists) {
		t.Fatal("another person took the token:", err)
	}
	must(t, s.OfferJoin(ctx, second, p.Device.Subject, []byte("two"), Noon.Add(time.Minute)))
	for token, at := range map[[32]byte]time.Time{first: Noon, second: Noon.Add(time.Minute), {3}: Noon} {
		if _, err := s.Offered(ctx, token, at); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("token %d: %v", token[0], err)
		}
	}
	if whose, err := s.Offered(ctx, second, Noon); err != nil || whose != p.Device.Subject {
		t.Fatal(whose, err)
	}
	d := store.Device{ID: ID(), Subject: q.Device.Subject, SigningKey: make([]byte, 32)}
	if _, err := s.Join(ctx, second, Noon, d); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("a device of another person joined:", err)
	}
	d.Subject = p.Device.Subject
	sealed, err := s.Join(ctx, second, Noon, d)
	must(t, err)
	if active, err := s.Active(ctx, store.DeviceRole, d.ID); err != nil || !active || string(sealed) != "two" {
		t.Fatal(active, string(sealed), err)
	}
	if _, err := s.Join(ctx, second, Noon, store.Device{ID: ID(), Subject: p.Device.Subject, SigningKey: make([]byte, 32)}); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("an offer brought two devices:", err)
	}
}
