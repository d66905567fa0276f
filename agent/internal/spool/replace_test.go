package spool

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"github.com/cockroachdb/pebble/v2/vfs"
)

var device = testKeys(consentA).Sign.Public().(ed25519.PublicKey)

// oneRedactor serves all tests: its rules are slow to prepare.
var oneRedactor = sync.OnceValues(func() (*redact.Redactor, error) { return redact.New(redact.Options{}) })

func redactor(t testing.TB) *redact.Redactor {
	t.Helper()
	r, err := oneRedactor()
	must(t, err)
	return r
}

// said is the n-th event of a test, with words of its own.
func said(t testing.TB, n int, words string) redact.Event {
	t.Helper()
	return redactor(t).Task(epoch.Add(time.Duration(n)*time.Second), pb.TaskStep_TASK_STEP_STARTED, words)
}

func cutSaid(t testing.TB, s *Spool, n int, words string) envelope.Box {
	t.Helper()
	must(t, s.Append(said(t, n, words)))
	must(t, s.Cut())
	b, ok := newest(s)
	if !ok {
		t.Fatal("no box after a cut")
	}
	return b
}

// without reseals a box without a word.
func without(t testing.TB, s *Spool, k Keys, b envelope.Box, word string) (Replacement, error) {
	t.Helper()
	n, err := redactor(t).Narrow(openBox(t, b), redact.Cut{Words: []string{word}})
	must(t, err)
	return Reseal(k, b, End{s.last.device, s.last.sequence, s.last.digest}, n)
}

func mustReseal(t testing.TB, s *Spool, b envelope.Box, word string) Replacement {
	t.Helper()
	r, err := without(t, s, testKeys(consentA), b, word)
	must(t, err)
	return r
}

// words are what all boxes of the folder hold, whatever their names are: nothing that lies there and opens is passed over.
func wordsIn(t testing.TB, d FS) string {
	t.Helper()
	var out []string
	for _, dir := range []string{"/spool", "/spool/" + quarantineName} {
		infos, err := d.List(dir)
		if err != nil {
			continue
		}
		for _, info := range infos {
			raw, err := d.Read(filepath.Join(dir, info.Name), envelope.MaxSize)
			must(t, err)
			if b, err := envelope.Parse(raw); err == nil {
				for _, e := range openBox(t, b).GetEvents() {
					out = append(out, e.GetTask().GetText())
				}
			}
		}
	}
	slices.Sort(out)
	return strings.Join(out, "|")
}

func never(t testing.TB) func([]envelope.ID) error {
	return func(ids []envelope.ID) error {
		t.Errorf("the collector is asked for %d boxes that it never had", len(ids))
		return nil
	}
}

// TestWhatIsLeftKeepsItsTime: a box that was recorded, cut and sealed anew opens, and what is left of it stands at the times at which it was done.
func TestWhatIsLeftKeepsItsTime(t *testing.T) {
	s := mustStart(t, newDisk())
	for n, words := range map[int]string{1: "walrus one", 4: "walrus pelican", 9: "walrus nine"} {
		must(t, s.Append(said(t, n, words)))
	}
	must(t, s.Cut())
	b, _ := newest(s)
	was := openBox(t, b)
	must(t, s.Replace(mustReseal(t, s, b, "pelican"), device, never(t)))
	e, _ := newest(s)
	left := openBox(t, e)
	if len(left.GetEvents()) != 3 || left.GetStartedAt() != was.GetStartedAt() {
		t.Fatalf("left is %v", left)
	}
	for i, is := range left.GetEvents() {
		if at := was.GetEvents()[i].GetAtMs(); is.GetAtMs() != at {
			t.Errorf("what was done at %d ms is told at %d", at, is.GetAtMs())
		}
	}
}

// TestReplaceKeepsTheChain cuts a box in the middle of a chain, and then what stands in for it.
func TestReplaceKeepsTheChain(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	a, b, c := cutSaid(t, s, 1, "walrus one"), cutSaid(t, s, 2, "walrus pelican"), cutSaid(t, s, 3, "walrus two")
	must(t, s.Replace(mustReseal(t, s, b, "pelican"), device, never(t)))
	if got := wordsIn(t, d); got != "walrus <CUT#1>|walrus one|walrus two" {
		t.Fatalf("the folder opens to %q", got)
	}
	e, _ := newest(s)
	h := e.Header()
	if h.Sequence != 4 || h.Previous != c.Digest() {
		t.Errorf("the new box is number %d", h.Sequence)
	}
	tomb := openBox(t, e).GetInsteadOf()
	if len(tomb) != 1 || tomb[0].GetSequence() != 2 || [32]byte(tomb[0].GetPrevious()) != b.Header().Previous || [32]byte(tomb[0].GetPrevious()) != a.Digest() ||
		[32]byte(tomb[0].GetDigest()) != c.Header().Previous {
		t.Errorf("the tombstone does not close the chain: %v", tomb)
	}
	cut := mustReseal(t, s, e, "walrus")
	must(t, s.Replace(cut, device, never(t)))
	e, _ = newest(s)
	if got := openBox(t, e).GetInsteadOf(); len(got) != 2 || got[0].GetSequence() != 2 || got[1].GetSequence() != 4 {
		t.Errorf("cut twice: %v", got)
	}
	look := NewLooker(d, "/spool")
	_, err := look.Look()
	must(t, err)
	stones := look.Tombstones()
	if len(stones) != 2 || stones[0].Verify([16]byte{2}, device) != nil || stones[1].Sequence != 4 {
		t.Errorf("tombstones of the folder: %v", stones)
	}
	if stones[0].Sequence++; stones[0].Verify([16]byte{2}, device) == nil {
		t.Error("a tombstone of another number passes")
	}
	if st := s.Stats(); st.Held != 3 || st.Sealed != 5 || st.Destroyed != 2 {
		t.Errorf("stats %+v", st)
	}
	must(t, s.Close())
	s, r := mustOpen(t, d)
	if r.Held != 3 || r.SetAside != 0 || r.Replacing || s.last.sequence != 5 {
		t.Errorf("after a restart: %+v, last %d", r, s.last.sequence)
	}
	if err := s.Sent(b.Header().Batch); !errors.Is(err, ErrUnknown) {
		t.Errorf("a box that was cut away counts as held: %v", err)
	}
}

// TestReplaceRefuses whatever may not stand in for a box.
func TestReplaceRefuses(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	b := cutSaid(t, s, 1, "walrus pelican")
	r := mustReseal(t, s, b, "pelican")
	for name, k := range map[string]func(*Keys){
		"consent":  func(k *Keys) { k.Consent = consentB },
		"policy":   func(k *Keys) { k.Policy[0]++ },
		"purpose":  func(k *Keys) { k.Purpose = "other" },
		"vault":    func(k *Keys) { k.Vault = makeKey().PublicKey() },
		"person":   func(k *Keys) { k.Person = makeKey().PublicKey() },
		"custody":  func(k *Keys) { k.Custodians = append(k.Custodians, makeKey().PublicKey()) },
		"subject":  func(k *Keys) { k.Subject[0]++ },
		"a signer": func(k *Keys) { k.Sign = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)) },
	} {
		keys := testKeys(consentA)
		k(&keys)
		other, err := without(t, s, keys, b, "pelican")
		if err == nil {
			err = s.Replace(other, device, never(t))
		}
		if err == nil {
			t.Errorf("a box of another %s stands in", name)
		}
	}
	forged := r
	forged.Tombstone = bytes.Replace(r.Tombstone, []byte("sequence 1"), []byte("sequence 7"), 1)
	if err := s.Replace(forged, device, never(t)); !errors.Is(err, ErrOther) {
		t.Errorf("a forged tombstone: %v", err)
	}
	cutSaid(t, s, 2, "walrus two")
	if err := s.Replace(r, device, never(t)); !errors.Is(err, ErrMoved) {
		t.Errorf("after the chain has grown: %v", err)
	}
	r = mustReseal(t, s, b, "pelican")
	x, _ := s.Next(time.Now(), 0)
	must(t, s.Sent(x.Header().Batch))
	if err := s.Replace(r, device, never(t)); !errors.Is(err, ErrUnknown) {
		t.Errorf("of a box that was sent: %v", err)
	}
	if got := wordsIn(t, d); got != "walrus pelican|walrus two" {
		t.Errorf("a refusal changed the folder: %q", got)
	}
}

// TestReplaceWhileItIsUploaded: a box that was given out may have left, so the collector is to be asked; what it still says is taken in
// silence, and the old box never becomes a copy.
func TestReplaceWhileItIsUploaded(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	b := cutSaid(t, s, 1, "walrus pelican")
	r := mustReseal(t, s, b, "pelican")
	s.Next(time.Now(), 0)
	refused := errors.New("no room to note it")
	if err := s.Replace(r, device, func([]envelope.ID) error { return refused }); !errors.Is(err, ErrDisk) {
		t.Fatalf("what could not be noted: %v", err)
	}
	if b, ok := s.Next(time.Now(), 0); ok {
		t.Errorf("box %d leaves in the middle of a swap", b.Header().Sequence)
	}
	var asked []envelope.ID
	s.swap.left = func(ids []envelope.ID) error { asked = ids; return nil }
	must(t, s.Retry())
	if len(asked) != 1 || asked[0] != b.Header().Batch {
		t.Errorf("asked for %v", asked)
	}
	must(t, s.Sent(b.Header().Batch))
	must(t, s.Quarantine(b.Header().Batch, "refused"))
	if got := wordsIn(t, d); got != "walrus <CUT#1>" || s.Stats().Held != 1 || s.Stats().Sent != 0 {
		t.Errorf("the folder opens to %q, %+v", got, s.Stats())
	}
}

// swapCase is a folder of three boxes, the middle one being cut.
type swapCase struct {
	d     *disk
	s     *Spool
	r     Replacement
	asked bool
}

const whole, cutAway = "walrus one|walrus pelican|walrus two", "walrus <CUT#1>|walrus one|walrus two"

func newSwap(t testing.TB, taken bool) *swapCase {
	t.Helper()
	c := &swapCase{d: newDisk()}
	c.s = mustStart(t, c.d)
	cutSaid(t, c.s, 1, "walrus one")
	b := cutSaid(t, c.s, 2, "walrus pelican")
	cutSaid(t, c.s, 3, "walrus two")
	c.r = mustReseal(t, c.s, b, "pelican")
	if taken {
		c.s.NextExcept(time.Now(), 0, func(id, _ envelope.ID) bool { return id != b.Header().Batch })
	}
	return c
}

func (c *swapCase) left(ids []envelope.ID) error {
	c.asked = len(ids) == 1 && ids[0] == c.r.Old
	return nil
}

// after opens a crash state and tells what it opens to. done says that Replace had returned.
func after(t testing.TB, fs *vfs.MemFS, done bool, c *swapCase) string {
	t.Helper()
	d := wrap(fs)
	asked := false
	s, r := mustOpen(t, d)
	if r.SetAside+r.Stuck > 0 {
		return fmt.Sprintf("a torn file: %+v", r)
	}
	if r.Replacing != (s.swap != nil) {
		return "the report does not say what is to be ended"
	}
	must(t, s.FinishReplace(func(ids []envelope.ID) error { asked = len(ids) == 1 && ids[0] == c.r.Old; return nil }))
	got := wordsIn(t, d)
	switch {
	case got != whole && got != cutAway:
		return fmt.Sprintf("lost, or doubled: %q", got)
	case done && got != cutAway:
		return "what was cut came back"
	case r.Replacing && !asked:
		return "the collector is not asked for what may have left"
	}
	must(t, s.Use(testKeys(consentA)))
	seen := map[uint64]bool{}
	cutSaid(t, s, 9, "walrus three")
	for _, e := range s.held {
		if seen[e.sequence] {
			return fmt.Sprintf("number %d twice", e.sequence)
		}
		seen[e.sequence] = true
	}
	return ""
}

// TestI13CutSurvivesCrashes: power may fail before any operation of a replacement, and any part of what was not synced may be on the
// disk: the old box is there or the new one, never both, never neither; and once Replace has returned it is the new one.
func TestI13CutSurvivesCrashes(t *testing.T) {
	states, ops, seeds := 0, 0, 24
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		seeds = 2400
	}
	for _, taken := range []bool{false, true} {
		c := newSwap(t, taken)
		crash := func(done bool) {
			ops++
			for seed := range seeds {
				percent := min(seed%24*5, 100)
				fs := c.d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(uint64(seed), uint64(ops)))})
				states++
				if why := after(t, fs, done, c); why != "" {
					t.Fatalf("operation %d, %d %% of what was not synced: %s", ops, percent, why)
				}
			}
		}
		c.d.before = func(string) error { crash(false); return nil }
		must(t, c.s.Replace(c.r, device, c.left))
		c.d.before = nil
		crash(true)
		if c.asked != taken {
			t.Errorf("taken %v, asked %v", taken, c.asked)
		}
	}
	t.Logf("%d states at %d operations", states, ops)
}

// TestI13CutSurvivesFaults: every operation fails once, or from then on, in every way. After Retry, or after a crash, it is one of the two.
func TestI13CutSurvivesFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			for n := 1; ; n++ {
				c := newSwap(t, n%2 == 0)
				heal, met := f.plant(c.d, n)
				err := c.s.Replace(c.r, device, c.left)
				if !met() {
					must(t, err)
					break
				}
				if why := after(t, c.d.CrashClone(vfs.CrashCloneCfg{}), err == nil, c); why != "" {
					t.Fatalf("operation %d, crash after the fault: %s", n, why)
				}
				heal()
				must(t, c.s.Retry())
				if got := wordsIn(t, c.d); got != whole && got != cutAway || err == nil && got != cutAway {
					t.Fatalf("operation %d: %q after %v", n, got, err)
				}
				if why := after(t, c.d.CrashClone(vfs.CrashCloneCfg{}), err == nil, c); why != "" {
					t.Fatalf("operation %d, crash after Retry: %s", n, why)
				}
			}
		})
	}
}
