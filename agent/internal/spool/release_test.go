package spool

import (
	"errors"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestReleaseLetsLeave: what the person lets leave passes the hold, from the oldest on and no further.
func TestReleaseLetsLeave(t *testing.T) {
	s := mustStart(t, newDisk())
	var ids []envelope.ID
	for i := range 3 {
		ids = append(ids, cutOne(t, s, i).Header().Batch)
	}
	if n := s.Release(ids[1:]); n != 0 {
		t.Errorf("%d younger boxes pass an older one", n)
	}
	if n := s.Release(ids[:2]); n != 2 || s.Stats().Released != 2 {
		t.Errorf("%d boxes may leave", n)
	}
	for i := range 2 {
		b, ok := s.Next(epoch, longHold)
		if !ok || b.Header().Batch != ids[i] {
			t.Fatalf("box %d does not leave", i)
		}
		must(t, s.Sent(ids[i]))
	}
	if _, ok := s.Next(epoch, longHold); ok {
		t.Error("a box leaves that nobody let go")
	}
}

const longHold = 1 << 62

// TestForgetBoxes destroys boxes by their ids, wherever they lie, and asks for those that may have left.
func TestForgetBoxes(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	var ids []envelope.ID
	for i := range 5 {
		ids = append(ids, cutOne(t, s, i).Header().Batch)
	}
	must(t, s.Quarantine(ids[1], "refused"))
	b, _ := s.Next(epoch.AddDate(90, 0, 0), 0)
	must(t, s.Sent(b.Header().Batch))
	stranger := envelope.ID{9}
	var asked []envelope.ID
	f, err := s.ForgetBoxes([]envelope.ID{ids[0], ids[1], ids[3], stranger}, func(left []envelope.ID) error { asked = left; return nil })
	must(t, err)
	if f.Held != 2 || f.Sent != 1 || len(asked) != 3 {
		t.Errorf("forgot %+v, asked for %d", f, len(asked))
	}
	there := inFolder(t, d)
	for i, gone := range []bool{true, true, false, true, false} {
		if _, ok := there[ids[i]]; ok == gone {
			t.Errorf("box %d: there %v", i, ok)
		}
	}
}

// TestASwapIsForgottenWithTheRest: a replacement that the disk keeps from its end is destroyed with its consent, and with its time; both
// boxes go.
func TestASwapIsForgottenWithTheRest(t *testing.T) {
	begun := func() *swapCase {
		c := newSwap(t, true)
		if err := c.s.Replace(c.r, device, func([]envelope.ID) error { return errFull }); !errors.Is(err, ErrDisk) {
			t.Fatalf("what cannot be noted is no trouble: %v", err)
		}
		return c
	}
	c := begun()
	n, err := c.s.DestroyHeld(consentA)
	must(t, err)
	if words := wordsIn(t, c.d); n != 3 || words != "" || c.s.Stats().Waiting != 0 {
		t.Errorf("%d boxes of the consent are destroyed, the folder opens to %q", n, words)
	}
	c = begun()
	c.s.swap.left = c.left
	f, err := c.s.Forget(epoch, epoch.Add(time.Hour), c.left)
	must(t, err)
	if words := wordsIn(t, c.d); f.Held != 3 || words != "" || !c.asked {
		t.Errorf("forgot %+v, asked %v, the folder opens to %q", f, c.asked, words)
	}
	s, r := mustOpen(t, wrap(c.d.CrashClone(vfs.CrashCloneCfg{})))
	if r.Held != 0 || r.Replacing || s.swap != nil {
		t.Errorf("after a crash: %+v", r)
	}
}
