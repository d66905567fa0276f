package ledger

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/proto/tlog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bench is a ledger with a store.
type bench struct {
	dir   string
	store *embed.Store
	log   *Log
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{dir: storetest.Memory(t)}
	must(t, CreateKey(b.dir))
	s, _, err := embed.Open(ctx, b.dir, slog.New(slog.DiscardHandler))
	must(t, err)
	b.store = s
	t.Cleanup(func() { must(t, s.Close()) })
	b.log = b.open(t, s)
	return b
}

func (b *bench) open(t *testing.T, k keeper) *Log {
	t.Helper()
	key, err := LoadKey(b.dir)
	must(t, err)
	return New(b.dir, key, k, slog.New(slog.DiscardHandler), time.Now)
}

// put stores n boxes of p with real leaves, and returns these.
func (b *bench) put(t *testing.T, p storetest.Person, n int) (leaves [][]byte) {
	t.Helper()
	var group []store.Record
	for range n {
		r := p.Record(10)
		r.Leaf = Batch(r.Subject, nil, r.Digest)
		leaves = append(leaves, r.Leaf.Body)
		group = append(group, r)
	}
	_, err := b.store.Put(ctx, group)
	must(t, err)
	return leaves
}

// all reads the whole public ledger, proved.
func (b *bench) all(t *testing.T) map[string]int {
	t.Helper()
	pub := b.log.key.Public().(ed25519.PublicKey)
	src := NewFolder(b.dir, pub)
	at, err := tlog.Fetch(ctx, src, fingerprint(pub), tlog.Checkpoint{})
	must(t, err)
	found := map[string]int{}
	must(t, tlog.Walk(ctx, src, at, func(_ uint64, leaf []byte) error {
		found[string(leaf)]++
		return nil
	}))
	return found
}

func (b *bench) size(t *testing.T) int {
	n := 0
	for _, times := range b.all(t) {
		n += times
	}
	return n
}

// TestI11LedgerGrowsByTheClockAlone: with fewer than ten people, how the ledger grows is the same whatever they do, and in the end each leaf
// stands in it once.
func TestI11LedgerGrowsByTheClockAlone(t *testing.T) {
	for name, boxes := range map[string][]int{
		"nobody agreed":       {0, 0, 0},
		"one records":         {5, 0, 0},
		"one records, pauses": {300, 0, 0},
		"nine record":         {9 * 40, 9, 9},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var people []storetest.Person
			for range 9 {
				p := storetest.NewPerson()
				p.Enrol(t, b.store)
				must(t, b.store.PutConsent(ctx, p.Consent))
				people = append(people, p)
			}
			var leaves [][]byte
			for lot, n := range boxes {
				for i := range n {
					leaves = append(leaves, b.put(t, people[i%9], 1)...)
				}
				must(t, b.log.Lot(ctx))
				if got := b.size(t); got != (lot+1)*LotSize {
					t.Fatalf("after lot %d: %d leaves", lot, got)
				}
			}
			found := b.all(t)
			for _, leaf := range leaves {
				if found[string(leaf)] != 1 {
					t.Fatalf("a leaf stands there %d times", found[string(leaf)])
				}
			}
			if w, err := b.store.Waiting(ctx); err != nil || w.Leaves != 0 {
				t.Fatalf("%+v wait: %v", w, err)
			}
		})
	}
}

// TestBeforeAnybodyEnrols: a collector that nobody uses writes nothing.
func TestBeforeAnybodyEnrols(t *testing.T) {
	b := newBench(t)
	must(t, b.log.Lot(ctx))
	if n := b.size(t); n != 0 {
		t.Fatalf("%d leaves", n)
	}
}

// TestLotOfManyTakesAll: from ten people on nothing waits for a second lot, and how many leaves there are is known to 256 only.
func TestLotOfManyTakesAll(t *testing.T) {
	b := newBench(t)
	var leaves [][]byte
	for range Floor {
		leaves = append(leaves, b.put(t, storetest.Enrol(t, b.store), 250)...)
	}
	must(t, b.log.Lot(ctx))
	if n := b.size(t); n != 10*LotSize {
		t.Fatalf("%d leaves for 2500", n)
	}
	places, err := b.store.FindLeaves(ctx, leaves)
	must(t, err)
	sorted := true
	for i, p := range places {
		if p < 0 {
			t.Fatal("a leaf was not noted")
		}
		sorted = sorted && (i == 0 || places[i-1] < p)
	}
	if sorted {
		t.Fatal("places tell the order of arrival")
	}
}

// forgetful is a store that dies before it notes.
type forgetful struct{ keeper }

var errDied = errors.New("died")

func (forgetful) Logged(context.Context, []store.Placed, uint64) error { return errDied }

// TestDeathBetweenLogAndIndex: what went into the log and was not noted is found at the next start, and stands there once.
func TestDeathBetweenLogAndIndex(t *testing.T) {
	b := newBench(t)
	p := storetest.Enrol(t, b.store)
	leaves := b.put(t, p, 20)
	must(t, b.log.Settle(ctx))
	dying := b.open(t, forgetful{b.store})
	if err := dying.Lot(ctx); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	leaves = append(leaves, b.put(t, p, 3)...)
	again := b.open(t, b.store)
	must(t, again.Lot(ctx))
	found := b.all(t)
	for _, leaf := range leaves {
		if found[string(leaf)] != 1 {
			t.Fatalf("a leaf stands there %d times", found[string(leaf)])
		}
	}
	if places, err := b.store.FindLeaves(ctx, leaves); err != nil || places[0] < 0 || places[22] < 0 {
		t.Fatal(places, err)
	}
}

// TestDeathBeforeCheckpoint: what went into the tree and was not signed yet is signed at the next start, and not added again.
func TestDeathBeforeCheckpoint(t *testing.T) {
	b := newBench(t)
	leaves := b.put(t, storetest.Enrol(t, b.store), 20)
	must(t, b.log.Settle(ctx))
	path := filepath.Join(b.log.path(), "checkpoint")
	before, err := os.ReadFile(path)
	must(t, err)
	if err := b.open(t, forgetful{b.store}).Lot(ctx); !errors.Is(err, errDied) {
		t.Fatal(err)
	}
	must(t, os.WriteFile(path, before, 0o600))
	must(t, b.open(t, b.store).Lot(ctx))
	found := b.all(t)
	for _, leaf := range leaves {
		if found[string(leaf)] != 1 {
			t.Fatalf("a leaf stands there %d times", found[string(leaf)])
		}
	}
}

// TestPublish: the leaf of an export stands there at once, readable, and people's wait on.
func TestPublish(t *testing.T) {
	b := newBench(t)
	p := storetest.Enrol(t, b.store)
	b.put(t, p, 5)
	e := store.Export{ID: storetest.ID(), Custodian: storetest.ID(), Query: store.Query{Purpose: storetest.Purpose}, At: storetest.Noon}
	var body []byte
	_, err := b.store.BeginExport(ctx, e, func(plan store.Plan) store.Leaf {
		leaf, err := Export(e, "Works council", plan)
		must(t, err)
		body = leaf.Body
		return leaf
	})
	must(t, err)
	place, err := b.log.Publish(ctx, body)
	must(t, err)
	if place != 0 || b.size(t) != 1 {
		t.Fatalf("place %d of %d", place, b.size(t))
	}
	if again, err := b.log.Publish(ctx, body); err != nil || again != place {
		t.Fatal(again, err)
	}
	must(t, b.log.Lot(ctx))
	if n := b.size(t); n != 2*LotSize { // the lot ends a whole bundle, which exports alone decide
		t.Fatalf("%d leaves", n)
	}
	if _, err := b.log.Publish(ctx, []byte("never written")); err == nil {
		t.Fatal("a leaf that nobody wrote was published")
	}
}

// TestShortLedgerIsNotContinued: a ledger that was lost or rolled back is not begun anew, because people would see another past.
func TestShortLedgerIsNotContinued(t *testing.T) {
	b := newBench(t)
	storetest.Enrol(t, b.store)
	must(t, b.log.Lot(ctx))
	kept := filepath.Join(b.dir, "kept")
	must(t, os.CopyFS(kept, os.DirFS(b.log.path())))
	must(t, b.log.Lot(ctx))
	must(t, os.RemoveAll(b.log.path()))
	for _, put := range []func(){func() {}, func() { must(t, os.CopyFS(b.log.path(), os.DirFS(kept))) }} {
		put()
		again := b.open(t, b.store)
		if err := again.Lot(ctx); !errors.Is(err, ErrShort) {
			t.Fatal(err)
		}
		if _, err := again.Publish(ctx, []byte("x")); !errors.Is(err, ErrShort) {
			t.Fatal(err)
		}
	}
}

// TestLockThatCannotBeTakenIsAnError: the library panics there; the collector goes on and says so.
func TestLockThatCannotBeTakenIsAnError(t *testing.T) {
	b := newBench(t)
	storetest.Enrol(t, b.store)
	must(t, b.log.Lot(ctx))
	lock := filepath.Join(b.log.path(), ".state", "treeState.lock")
	must(t, os.Remove(lock))
	must(t, os.Mkdir(lock, 0o700))
	if err := b.log.Lot(ctx); err == nil {
		t.Fatal("a lot was written without the lock")
	}
	must(t, os.Remove(lock))
	must(t, b.log.Lot(ctx))
	if n := b.size(t); n != 2*LotSize {
		t.Fatalf("%d leaves", n)
	}
}

// TestIndexFromBefore: an index that was restored from before learns from the ledger what stands in it.
func TestIndexFromBefore(t *testing.T) {
	b := newBench(t)
	leaves := b.put(t, storetest.Enrol(t, b.store), 4)
	must(t, b.log.Lot(ctx))
	must(t, b.store.Logged(ctx, nil, 0)) // as if from before
	must(t, b.open(t, b.store).Settle(ctx))
	if n, err := b.store.LedgerSize(ctx); err != nil || n != LotSize {
		t.Fatal(n, err)
	}
	if places, err := b.store.FindLeaves(ctx, leaves); err != nil || places[3] < 0 {
		t.Fatal(places, err)
	}
}

// TestExportLeafTellsNoNumberOfFew: exact counts of two releases, subtracted, would tell of one person.
func TestExportLeafTellsNoNumberOfFew(t *testing.T) {
	e := store.Export{ID: store.ID{1}, Custodian: store.ID{0xcc}, Query: store.Query{Purpose: "train"}, At: time.Unix(7300, 0)}
	read := func(p store.Plan) map[string]any {
		l, err := Export(e, "Works council", p)
		must(t, err)
		var got map[string]any
		must(t, json.Unmarshal(l.Body, &got))
		if l.Kind != store.ExportLeaf || l.Subject != (store.ID{}) || got["custodian"] != "Works council" || got["hour"] != 7200.0 || len(got) != 10 {
			t.Fatalf("%v", got)
		}
		return got
	}
	if got := read(store.Plan{Boxes: 999, Bytes: 5 << 30, People: 9}); got["few"] != true || got["boxes"] != 0.0 || got["bytes"] != 0.0 {
		t.Fatalf("%v", got)
	}
	if got := read(store.Plan{Boxes: 999, Bytes: 3<<20 + 5, People: 10}); got["few"] != false || got["boxes"] != 990.0 || got["bytes"] != float64(3<<20) {
		t.Fatalf("%v", got)
	}
}

// TestPersonLeavesHaveOneShape: a batch, a consent and an erasure look alike, and a leaf without a salt from its device is nobody's.
func TestPersonLeavesHaveOneShape(t *testing.T) {
	d, subject, salt := sha256.Sum256([]byte("box")), storetest.ID(), make([]byte, 32)
	leaves := []store.Leaf{Batch(subject, salt, d), Batch(subject, nil, d), Batch(subject, nil, d), Consent(subject, salt, d[:]),
		Erasure(store.Erasure{Subject: subject}, d[:])}
	seen := map[string]bool{}
	for i, l := range leaves {
		if l.Kind != store.PersonLeaf || len(l.Body) != len(blank()) || l.Subject != subject || seen[string(l.Body)] {
			t.Fatalf("leaf %d: %+v", i, l)
		}
		seen[string(l.Body)] = true
	}
	want := tlog.Leaf(tlog.Batch, [32]byte{}, d[:])
	if string(leaves[0].Body) != string(want[:]) {
		t.Fatal("the device's salt was not taken")
	}
}

func TestKey(t *testing.T) {
	dir := t.TempDir()
	if _, err := PublicKey(dir); err == nil {
		t.Fatal("no key yet")
	}
	must(t, CreateKey(dir))
	if CreateKey(dir) == nil {
		t.Fatal("the key was replaced")
	}
	if pub, err := PublicKey(dir); err != nil || len(pub) != 32 {
		t.Fatal(pub, err)
	}
}
