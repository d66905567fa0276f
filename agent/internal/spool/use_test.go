package spool

import (
	"syscall"
	"testing"
	"time"
)

// TestOpenBatchComesUnderNoOtherConsent: a disk that refuses while a batch is open keeps it in RAM. Whatever consent comes next, it is not sealed
// under that one: not after a withdrawal, and not where another consent took the place of its own.
func TestOpenBatchComesUnderNoOtherConsent(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Spool) error
		want   int // boxes of the new consent
	}{
		"withdrawn": {func(s *Spool) error {
			_ = s.Use(Keys{}) // it says that the disk refuses
			_, err := s.DestroyHeld(consentA)
			return err
		}, 1},
		"replaced": {func(*Spool) error { return nil }, 1},
	} {
		d := newDisk()
		s := mustStart(t, d)
		first := cutOne(t, s, 0).Header().Batch
		must(t, s.Append(gap(1)))
		d.before = func(op string) error {
			if op == "syncdir" {
				return syscall.EIO
			}
			return nil
		}
		if s.Sent(first) == nil || s.trouble == nil || s.open.empty() {
			t.Fatalf("%s: there is no trouble with a batch that is open", name)
		}
		d.before = nil
		must(t, c.change(s))
		if s.Use(testKeys(consentB)) == nil {
			t.Fatalf("%s: the disk was well", name)
		}
		must(t, s.Retry())
		must(t, s.Append(gap(9)))
		must(t, s.Cut())
		got := 0
		for _, e := range s.held {
			box, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
			must(t, err)
			if box.Header().Consent != consentB {
				continue
			}
			got++
			if p := openBox(t, box); len(p.GetEvents()) != 1 || p.GetStartedAt() != gap(9).At().UnixMilli() {
				t.Errorf("%s: what was recorded under one consent is sealed under another: %d events from %v on", name, len(p.GetEvents()), time.UnixMilli(p.GetStartedAt()))
			}
		}
		if got != c.want {
			t.Errorf("%s: %d boxes of the new consent", name, got)
		}
	}
}

// TestDestroyedUnderWay: what the collector says of a box that a withdrawal destroyed while it was under way is taken in silence: nothing is wrong,
// and the withdrawal itself is told without a pause.
func TestDestroyedUnderWay(t *testing.T) {
	s := mustStart(t, newDisk())
	cutOne(t, s, 1)
	box, ok := s.Next(time.Now().Add(time.Hour), 0)
	if !ok {
		t.Fatal("nothing to send")
	}
	n, err := s.DestroyHeld(consentA)
	must(t, err)
	if n != 1 {
		t.Fatalf("%d boxes destroyed", n)
	}
	must(t, s.Sent(box.Header().Batch))
	must(t, s.Quarantine(box.Header().Batch, "refused"))
}
