package flow

import (
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
)

// drift is how far wall and boot clock may part before the wall clock is in doubt.
const drift = 2 * time.Second

// clock gives moments and notices a wall clock that was set: hours and expiry are worth nothing under a wrong clock.
type clock struct {
	boot func() time.Duration // CLOCK_BOOTTIME
	wall func() time.Time

	mu      sync.Mutex
	zone    *zone // in which the wall clock is read
	anchor  policy.Moment
	highest time.Time
	doubt   bool
}

// newClock starts from the highest wall time that any earlier run saw; unknown says that this could not be read, which is doubt.
func newClock(highest time.Time, unknown bool) *clock {
	c := &clock{boot: bootTime, wall: wallTime, zone: newZone(zoneFile), highest: highest}
	c.anchor = policy.Moment{Boot: c.boot(), Wall: c.wall()}
	c.doubt = unknown || c.anchor.Wall.Before(highest.Add(-drift))
	return c
}

func wallTime() time.Time { return time.Now().Round(0) }

// now is this instant on both clocks, in the zone that the computer has now. Small steps (a time server that corrects) move the anchor; a jump
// raises doubt, and so does a zone that nobody can read.
func (c *clock) now() policy.Moment {
	m := policy.Moment{Boot: c.boot(), Wall: c.wall()}
	c.mu.Lock()
	defer c.mu.Unlock()
	off := m.Wall.Sub(c.anchor.Wall) - (m.Boot - c.anchor.Boot)
	wall, known := c.zone.at(m.Wall, m.Boot)
	m.Wall = wall
	switch {
	case off > drift || off < -drift || !known:
		c.doubt = true
	case !c.doubt:
		c.anchor = m
		if m.Wall.After(c.highest) {
			c.highest = m.Wall
		}
	}
	return m
}

// doubted tells whether the wall clock jumped or lies below the highest time seen.
func (c *clock) doubted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doubt
}

// confirm is the person's word that the wall clock is right.
func (c *clock) confirm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doubt = false
	c.anchor = policy.Moment{Boot: c.boot(), Wall: c.wall()}
	c.highest = c.anchor.Wall
}

// seen is the highest wall time, to be kept for the next start.
func (c *clock) seen() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.highest
}
