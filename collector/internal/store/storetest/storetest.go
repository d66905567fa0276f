package storetest

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

// Run runs the suite. open returns an empty store and is called for each test; the suite closes it.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, store.Store)
	}{
		{"Put stores what Read returns", testPutRead},
		{"Put is idempotent, and refuses other bytes", testExactlyOnce},
		{"Put judges device and consent", testJudges},
		{"a withdrawal is final and stops at once", testWithdrawal},
		{"a consent cannot be changed or stolen", testConsentFacts},
		{"one device cannot fill the consents", testConsentLimit},
		{"Scan narrows and keeps the order of arrival", testScan},
		{"Days sums up whole days", testDays},
		{"an invitation enrols once under a race", testInvitationRace},
		{"invitations expire and have a role", testInvitationKinds},
		{"a revocation counts at once", testRevoke},
		{"a custodian's name is one key's", testCustodianNames},
		{"an export is written down before it is released", testExport},
		{"what an export would hold is told by days of enough people", testForesee},
		{"an export leaves out what is withdrawn meanwhile", testExportWithdrawn},
		{"the outbox holds a leaf for each stored thing and no other", testOutbox},
		{"leaves wait until they are noted, once, and nothing says whose they were", testLeaves},
		{"a person gets what is theirs and nothing else", testMine},
		{"an offer brings one device of one person", testJoins},
		{"many writers lose and double nothing", testConcurrent},
		{"Arrived tells of a stored group", testArrived},
		{"a closed store refuses", testClosed},
		{"an erased span is gone, and its neighbours stay", testErase},
		{"erasing everything spares others", testEraseAll},
		{"an erasure is idempotent", testEraseTwice},
		{"boxes whose time is over are destroyed, and no other", testExpire},
		{"nobody erases another's boxes", testEraseForeign},
		{"a box that was erased does not come back", testErasedStaysAway},
		{"an erasure code is one person's", testErasureCode},
		{"what was shown stays shown", testShown},
		{"a lot is shown once under a race", testShownRace},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			c.test(t, s)
			must(t, s.Close())
			must(t, s.Close())
		})
	}
}

var ctx = context.Background()

// put stores records and checks the outcomes.
func put(t *testing.T, s store.Store, group []store.Record, want ...store.Outcome) {
	t.Helper()
	got, err := s.Put(ctx, group)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("outcomes (-want +got):\n%s", diff)
	}
}

func testPutRead(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	for _, size := range []int{0, 1, 8 << 10, 300 << 10} {
		r := p.Record(size)
		put(t, s, []store.Record{r}, store.Stored)
		got, err := s.Read(ctx, r.Batch)
		must(t, err)
		r.Leaf = store.Leaf{}
		if size == 0 {
			got.Payload, r.Payload = nil, nil
		}
		if diff := cmp.Diff(r, got); diff != "" {
			t.Fatalf("size %d (-put +read):\n%s", size, diff)
		}
	}
	if _, err := s.Read(ctx, ID()); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("unknown batch: %v", err)
	}
}

func testExactlyOnce(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	r := p.Record(100)
	twin := r
	other := r
	other.Digest = sha256.Sum256([]byte("other"))
	put(t, s, []store.Record{r, twin, other}, store.Stored, store.Duplicate, store.Conflict)
	put(t, s, []store.Record{r, other}, store.Duplicate, store.Conflict)
	got, err := s.Read(ctx, r.Batch)
	must(t, err)
	if got.Digest != r.Digest {
		t.Fatal("the second bytes replaced the first")
	}
	if n := count(t, s.Scan(ctx, store.Query{})); n != 1 {
		t.Fatalf("%d rows", n)
	}
}

func testJudges(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	stranger := p.Record(10)
	stranger.Device = ID()
	noConsent := p.Record(10)
	noConsent.Consent = ID()
	othersConsent := p.Record(10)
	othersConsent.Consent = q.Consent.ID
	othersSubject := p.Record(10)
	othersSubject.Subject = q.Device.Subject
	policy := p.Record(10)
	policy.Policy = sha256.Sum256([]byte("wider"))
	purpose := p.Record(10)
	purpose.Purpose = "review-people"
	put(t, s, []store.Record{stranger, noConsent, othersConsent, othersSubject, policy, purpose},
		store.UnknownDevice, store.NoConsent, store.NoConsent, store.UnknownDevice, store.Mismatch, store.Mismatch)
	if n := count(t, s.Scan(ctx, store.Query{})); n != 0 {
		t.Fatalf("%d rows were stored", n)
	}
}

func testScan(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	var want []store.ID
	for i := range 1203 {
		r := p.Record(i % 7)
		if i%2 == 1 {
			r = q.Record(i % 7)
		}
		r.Received = Noon.Add(time.Duration(i) * time.Minute)
		put(t, s, []store.Record{r}, store.Stored)
		want = append(want, r.Batch)
	}
	var got []store.ID
	for row, err := range s.Scan(ctx, store.Query{}) {
		must(t, err)
		got = append(got, row.Batch)
		if row.Number != int64(len(got)) || row.Received.Minute() != 0 {
			t.Fatalf("row %d has number %d and arrived at %v", len(got), row.Number, row.Received)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal("order of arrival:", diff)
	}
	for name, c := range map[string]struct {
		q    store.Query
		want int
	}{
		"after":           {store.Query{After: 1200}, 3},
		"purpose":         {store.Query{Purpose: Purpose}, 1203},
		"other purpose":   {store.Query{Purpose: "else"}, 0},
		"window":          {store.Query{Since: Noon.Add(time.Hour), Until: Noon.Add(2 * time.Hour)}, 60},
		"recipient":       {store.Query{Recipient: sha256.Sum256([]byte("custodian"))}, 1203},
		"other recipient": {store.Query{Recipient: sha256.Sum256([]byte("else"))}, 0},
	} {
		if n := count(t, s.Scan(ctx, c.q)); n != c.want {
			t.Errorf("%s: %d rows, want %d", name, n, c.want)
		}
	}
}

func testDays(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	for day, people := range [][]Person{{p, q, p}, {p}, {q, q}} {
		for _, who := range people {
			r := who.Record(1000)
			r.Received = Noon.AddDate(0, 0, day)
			put(t, s, []store.Record{r}, store.Stored)
		}
	}
	got, err := s.Days(ctx, Noon.AddDate(0, 0, 2), 1) // the third day has not ended
	must(t, err)
	r := p.Record(1000)
	size := uint64(r.Size())
	day := Noon.Truncate(24 * time.Hour)
	want := []store.Day{{Day: day, Subjects: 2, Boxes: 3, Bytes: 3 * size}, {Day: day.AddDate(0, 0, 1), Subjects: 1, Boxes: 1, Bytes: size}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	_, err = s.Erase(ctx, store.Erasure{ID: ID(), Subject: p.Device.Subject, All: true, At: Noon}, Sign)
	must(t, err)
	got, err = s.Days(ctx, Noon.AddDate(0, 0, 2), 1)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal("what was told of a day changes with an erasure:", diff)
	}
	if got, err = s.Days(ctx, Noon.AddDate(0, 0, 2), 2); err != nil || len(got) != 1 {
		t.Fatal("a day of one person is told:", got, err)
	}
}

func testConcurrent(t *testing.T, s store.Store) {
	const writers, each = 8, 40
	people := make([]Person, writers)
	for i := range people {
		people[i] = Enrol(t, s)
	}
	var stored, doubled atomic.Int32
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			for range each {
				r := p.Record(3000)
				var both sync.WaitGroup
				for range 2 { // the same box on two connections
					both.Go(func() {
						out, err := s.Put(ctx, []store.Record{r})
						switch {
						case err != nil:
							t.Error(err)
						case out[0] == store.Stored:
							stored.Add(1)
						case out[0] == store.Duplicate:
							doubled.Add(1)
						}
					})
				}
				both.Wait()
			}
		})
	}
	wg.Wait()
	if stored.Load() != writers*each || doubled.Load() != writers*each {
		t.Fatalf("%d stored, %d duplicates", stored.Load(), doubled.Load())
	}
	if n := Verify(t, s); n != writers*each {
		t.Fatalf("%d readable", n)
	}
}

func testArrived(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	arrived := s.Arrived()
	select {
	case <-arrived:
		t.Fatal("nothing arrived yet")
	default:
	}
	put(t, s, []store.Record{p.Record(1)}, store.Stored)
	select {
	case <-arrived:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was told")
	}
}

func testClosed(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	must(t, s.Close())
	if _, err := s.Put(ctx, []store.Record{p.Record(1)}); err == nil {
		t.Fatal("a closed store stored")
	}
}

// Verify reads every box that Fill made, fails the test for one that is not whole or stands twice, and counts them.
func Verify(t testing.TB, s store.Store) int {
	t.Helper()
	seen := map[store.ID]bool{}
	for row, err := range s.Scan(ctx, store.Query{}) {
		must(t, err)
		if seen[row.Batch] {
			t.Fatal("a box stands twice")
		}
		seen[row.Batch] = true
		r, err := s.Read(ctx, row.Batch)
		must(t, err)
		if want := Fill(r, len(r.Payload)); !reflect.DeepEqual(want, r) { // a diff takes seconds
			t.Fatal("a box has other bytes:", cmp.Diff(want, r))
		}
	}
	return len(seen)
}

func count[T any](t *testing.T, seq iter.Seq2[T, error]) int {
	t.Helper()
	n := 0
	for _, err := range seq {
		must(t, err)
		n++
	}
	return n
}
