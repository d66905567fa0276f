package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/byleave/byleave/proto/envelope"
)

// fate is what the oracle knows of a box at any instant of the script.
type fate uint8

const (
	durable   fate = iota + 1 // Cut returned nil: it must be there
	leaving                   // being destroyed or pruned: either is right
	destroyed                 // DestroyHeld or Forget returned: it must be gone
	dropping                  // the person's rule destroys it: gone and counted, or there
)

// oracle judges every state that a crash may leave.
type oracle struct {
	fates    map[envelope.ID]fate
	bytes    map[envelope.ID][]byte
	sequence uint64 // highest durable
	running  bool   // Open has returned, Close was not called
	states   int
	failures []string
}

func newOracle() *oracle {
	return &oracle{fates: map[envelope.ID]fate{}, bytes: map[envelope.ID][]byte{}}
}

func (o *oracle) fail(format string, args ...any) {
	o.failures = append(o.failures, fmt.Sprintf(format, args...))
}

// judge opens one crash state. With again it crashes before every operation of the start, too.
func (o *oracle) judge(t testing.TB, fs *vfs.MemFS, rng *rand.Rand, again bool) {
	o.states++
	d := wrap(fs)
	if again {
		d.before = func(string) error {
			o.judge(t, d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rng}), rng, false)
			return nil
		}
	}
	s, report, err := Open(d, "/spool", quiet)
	if err != nil {
		o.fail("start blocked: %v", err)
		return
	}
	if report.SetAside > 0 || report.Stuck > 0 {
		o.fail("a torn file was left: %+v", report)
	}
	if o.running && report.Lost.IsZero() {
		o.fail("a crash went unnoticed")
	}
	s.follow([16]byte{2})
	if s.last.sequence < o.sequence {
		o.fail("sequence %d will be given twice", s.last.sequence+1)
	}
	there := inFolder(t, d)
	dropped := 0
	for id, fate := range o.fates {
		got, ok := there[id]
		switch {
		case fate == durable && !ok:
			o.fail("a durable box is lost")
		case fate == destroyed && ok:
			o.fail("a destroyed box came back")
		case ok && !bytes.Equal(got, o.bytes[id]):
			o.fail("a box was accepted torn")
		case fate == dropping && !ok:
			dropped++
		}
	}
	if got := s.Stats().Dropped; got < dropped {
		o.fail("%d boxes were dropped, %d are counted", dropped, got)
	}
	for _, e := range s.held {
		if _, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch); err != nil {
			o.fail("a torn box is held: %v", err)
		}
	}
}

// script is everything that a spool does; told keeps the oracle's knowledge in step.
func script(t testing.TB, d *disk, o *oracle) {
	s := mustStart(t, d)
	o.running = true
	cut := func(n int) envelope.ID {
		b := cutOne(t, s, n)
		h := b.Header()
		o.fates[h.Batch], o.bytes[h.Batch], o.sequence = durable, bytes.Clone(b.Bytes()), h.Sequence
		return h.Batch
	}
	first, second := cut(1), cut(2)
	cut(3)
	must(t, s.Sent(first))
	must(t, s.Quarantine(second, "refused"))
	cut(4)
	must(t, s.Use(testKeys(consentB)))
	doomed := []envelope.ID{cut(5), cut(6)}
	o.mark(leaving, doomed...)
	if n, err := s.DestroyHeld(consentB); n != 2 || err != nil {
		t.Fatalf("destroyed %d: %v", n, err)
	}
	o.mark(destroyed, doomed...)
	o.mark(leaving, first)
	if n, err := s.Prune(time.Now().Add(time.Hour), 0, 0); n != 1 || err != nil {
		t.Fatalf("pruned %d: %v", n, err)
	}
	cut(7)
	o.running = false
	must(t, s.Close())
	s = mustStart(t, d)
	o.running = true
	forgotten, sent := cut(20), cut(21)
	must(t, s.Sent(sent))
	o.mark(leaving, forgotten, sent)
	if f, err := s.Forget(gap(20).At(), gap(21).At(), func([]envelope.ID) error { return nil }); f.Held != 1 || f.Sent != 1 || err != nil {
		t.Fatalf("forgot %+v: %v", f, err)
	}
	o.mark(destroyed, forgotten, sent)
	s.Limit(Quota{Bytes: s.Stats().HeldBytes + s.Stats().QuarantinedBytes + envelope.MaxSize - 1, DropOldest: true})
	o.mark(dropping, s.held[0].batch)
	cut(40)
	o.running = false
	must(t, s.Close())
}

func (o *oracle) mark(f fate, ids ...envelope.ID) {
	for _, id := range ids {
		o.fates[id] = f
	}
}

// enumerate runs the script and judges crash states before every operation: nothing of what is unsynced on the disk, all of it, and
// any part. A few of them crash in the middle of the start as well.
func (o *oracle) enumerate(t testing.TB, d *disk, seeds int) {
	op := 0
	crash := func() {
		op++
		if op%10 == 0 {
			t.Logf("operation %d: %d states so far, %d failures", op, o.states, len(o.failures))
		}
		o.crash(t, d, op, seeds)
	}
	d.before = func(string) error { crash(); return nil }
	script(t, d, o)
	crash()
}

// crash judges the states of one operation on every core: while the script waits here nobody changes what the oracle knows.
func (o *oracle) crash(t testing.TB, d *disk, op, seeds int) {
	cores := make([]oracle, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for i := range cores {
		cores[i] = oracle{fates: o.fates, bytes: o.bytes, sequence: o.sequence, running: o.running}
		wg.Go(func() {
			for seed := i; seed < seeds; seed += len(cores) {
				rng := rand.New(rand.NewPCG(uint64(seed), uint64(op)))
				percent := 1 + rng.IntN(99)
				if seed < 2 {
					percent = 100 * seed
				}
				cores[i].judge(t, d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}), rng, seed%40 < 2)
			}
		})
	}
	wg.Wait()
	for _, c := range cores {
		o.states += c.states
		o.failures = append(o.failures, c.failures...)
	}
}

// TestI16CrashLosesNothing: power may fail before any operation, also of the start after it, and any part of what was not synced may be
// on the disk. BYLEAVE_NIGHTLY looks at 5 million states.
func TestI16CrashLosesNothing(t *testing.T) {
	seeds, least := 560, 100_000
	switch {
	case testing.Short() || underRace:
		seeds, least = 20, 0
	case os.Getenv("BYLEAVE_NIGHTLY") != "":
		seeds, least = 28_000, 5_000_000
	}
	defer debug.SetGCPercent(debug.SetGCPercent(1600)) // a state lives for a fraction of a millisecond
	o := newOracle()
	o.enumerate(t, newDisk(), seeds)
	if len(o.failures) > 0 {
		t.Fatalf("%d failures in %d states, the first: %s", len(o.failures), o.states, o.failures[0])
	}
	if o.states < least {
		t.Errorf("only %d states", o.states)
	}
	t.Logf("%d states", o.states)
}
