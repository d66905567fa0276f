package x11

import (
	"testing"
	"time"
)

// TestPaceMakesSlotsRarer: after a slot, the next paint waits for the pace; a pace that is quicker than slots ever are changes nothing.
func TestPaceMakesSlotsRarer(t *testing.T) {
	for pace, want := range map[time.Duration]time.Duration{0: slotEvery, slotEvery / 2: slotEvery, time.Second: time.Second} {
		s := &Server{}
		s.Pace(pace)
		s.watch.armed, s.watch.slotAt = true, time.Now()
		s.touch(1)
		if got := s.watch.settle.at.Sub(s.watch.slotAt); got != want {
			t.Errorf("with a pace of %v the next slot comes after %v, want %v", pace, got, want)
		}
	}
}
