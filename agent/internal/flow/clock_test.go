package flow

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestClockDoubt moves the boot clock against the wall clock of the bubble.
func TestClockDoubt(t *testing.T) {
	for name, tc := range map[string]struct {
		jump time.Duration // how far the wall runs ahead of the boot clock
		want bool
	}{
		"in step":          {0, false},
		"a time server":    {1500 * time.Millisecond, false},
		"an hour ahead":    {time.Hour, true},
		"ten years behind": {-10 * 365 * 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var skew time.Duration
				c := newClock(time.Time{}, false)
				c.boot = func() time.Duration { return time.Since(start) - skew }
				c.confirm()
				time.Sleep(time.Minute)
				c.now()
				skew = tc.jump
				c.now()
				if c.doubted() != tc.want {
					t.Fatalf("doubted = %v, want %v", c.doubted(), tc.want)
				}
				c.confirm()
				if c.now(); c.doubted() {
					t.Fatal("still in doubt after the person confirmed")
				}
			})
		})
	}
}

func TestClockBelowHighest(t *testing.T) {
	if !newClock(time.Now().Add(time.Hour), false).doubted() {
		t.Fatal("the wall clock lies an hour below the highest seen, and is believed")
	}
	if newClock(time.Now().Add(-time.Hour), false).doubted() {
		t.Fatal("a clock that went on is in doubt")
	}
	if !newClock(time.Time{}, true).doubted() {
		t.Fatal("a highest time that cannot be read is no doubt")
	}
}
