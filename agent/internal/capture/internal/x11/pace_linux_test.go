package x11

import (
	"testing"
	"time"
)

// TestPaceMakesSlotsRarer: after a slot, the next paint waits for the pace, and longer after a whole picture; a pace that is quicker than slots ever
// are changes nothing.
func TestPaceMakesSlotsRarer(t *testing.T) {
	for _, c := range []struct{ pace, every, want time.Duration }{
		{0, 0, slotEvery}, {slotEvery / 2, slotEvery, slotEvery}, {time.Second, slotEvery, time.Second}, {0, wholeEvery, wholeEvery}, {time.Second, wholeEvery, time.Second},
	} {
		s := &Server{}
		s.Pace(c.pace)
		s.watch.armed, s.watch.slotAt, s.watch.every = true, time.Now(), c.every
		s.touch(1)
		if got := s.watch.settle.at.Sub(s.watch.slotAt); got != c.want {
			t.Errorf("with a pace of %v, %v after the last, the next slot comes after %v, want %v", c.pace, c.every, got, c.want)
		}
	}
}
