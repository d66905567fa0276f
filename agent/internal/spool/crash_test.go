package spool

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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
	destroyed                 // DestroyHeld returned: it must be gone
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

func (o *oracle) fail(format string, args ...any) {
	o.failures = append(o.failures, fmt.Sprintf(format, args...))
}

// judge opens one crash state.
func (o *oracle) judge(t *testing.T, fs *vfs.MemFS) {
	o.states++
	d := wrap(fs)
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
	for id, fate := range o.fates {
		got, ok := there[id]
		switch {
		case fate == durable && !ok:
			o.fail("a durable box is lost")
		case fate == destroyed && ok:
			o.fail("a destroyed box came back")
		case ok && !bytes.Equal(got, o.bytes[id]):
			o.fail("a box was accepted torn")
		}
	}
	for _, e := range s.held {
		if _, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch); err != nil {
			o.fail("a torn box is held: %v", err)
		}
	}
}

// script is everything that a spool does; told keeps the oracle's knowledge in step.
func script(t *testing.T, d *disk, o *oracle) {
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
	cut(8)
	o.running = false
	must(t, s.Close())
}

func (o *oracle) mark(f fate, ids ...envelope.ID) {
	for _, id := range ids {
		o.fates[id] = f
	}
}

// enumerate runs the script and judges crash states before every operation.
func enumerate(t *testing.T, d *disk, seeds int) *oracle {
	o := &oracle{fates: map[envelope.ID]fate{}, bytes: map[envelope.ID][]byte{}}
	op := 0
	crash := func() {
		op++
		for seed := range seeds {
			rng := rand.New(rand.NewPCG(uint64(seed), uint64(op)))
			percent := []int{0, 20, 50, 80, 100}[seed%5]
			o.judge(t, d.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng}))
		}
	}
	d.before = func(string) error { crash(); return nil }
	script(t, d, o)
	crash()
	return o
}

// TestI16CrashLosesNothing: power may fail before any operation, and any part of what was not synced may be on the disk.
func TestI16CrashLosesNothing(t *testing.T) {
	seeds := 180
	if testing.Short() || underRace {
		seeds = 20
	}
	o := enumerate(t, newDisk(), seeds)
	if len(o.failures) > 0 {
		t.Fatalf("%d failures in %d states, the first: %s", len(o.failures), o.states, o.failures[0])
	}
	if !testing.Short() && !underRace && o.states < 20_000 {
		t.Errorf("only %d states", o.states)
	}
	t.Logf("%d states", o.states)
}

// TestOracleHasTeeth: a spool on a disk that only pretends to sync must be caught.
func TestOracleHasTeeth(t *testing.T) {
	for name, bug := range map[string]func(*disk){
		"folder not synced": func(d *disk) { d.skipDirSync = true },
		"file not synced":   func(d *disk) { d.skipFileSync = true },
	} {
		d := newDisk()
		bug(d)
		o := enumerate(t, d, 5)
		if len(o.failures) == 0 {
			t.Errorf("%s: not noticed in %d states", name, o.states)
		}
		t.Logf("%s: %d failures in %d states", name, len(o.failures), o.states)
	}
}
