package flow

import (
	"slices"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/rights"
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
	noticed time.Duration // by the boot clock, when doubt came
	sets    []setting
}

// setting is a change of the wall clock between two instants of the boot clock: when it was last right, and when the change was noticed.
type setting struct {
	before, noticed time.Duration
	by              time.Duration
}

// keepSets is how many settings are remembered. Each took a person's word.
const keepSets = 64

// newClock starts from the highest wall time that any earlier run saw; unknown says that this could not be read, which is doubt.
func newClock(highest time.Time, unknown bool) *clock {
	c := &clock{boot: bootTime, wall: wallTime, zone: newZone(zoneFile), highest: highest}
	c.anchor = policy.Moment{Boot: c.boot(), Wall: c.wall()}
	c.noticed = c.anchor.Boot
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
		if !c.doubt {
			c.doubt, c.noticed = true, m.Boot
		}
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
	m := policy.Moment{Boot: c.boot(), Wall: c.wall()}
	c.sets = c.settings(m)
	c.sets = c.sets[max(0, len(c.sets)-keepSets):]
	c.doubt = false
	c.anchor = m
	c.highest = c.anchor.Wall
}

// settings is how the wall clock was set up to m, of which the last may be in doubt. c.mu is held.
func (c *clock) settings(m policy.Moment) []setting {
	by := m.Wall.Sub(c.anchor.Wall) - (m.Boot - c.anchor.Boot)
	if !c.doubt || by <= drift && by >= -drift {
		return c.sets
	}
	return append(slices.Clone(c.sets), setting{before: c.anchor.Boot, noticed: c.noticed, by: by})
}

// last is the last while as the person lived through it, the newest part first: where the wall clock was set within it, each part is told as
// the clock showed it then, because so it was written down.
func (c *clock) last(while time.Duration) (parts []rights.Span) {
	m := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	from, until, wall := m.Boot-while, m.Boot, m.Wall
	for _, s := range slices.Backward(c.settings(m)) {
		if from >= s.noticed {
			break
		}
		parts = append(parts, rights.Span{From: wall.Add(max(from, s.before) - m.Boot), Until: wall.Add(until - m.Boot)})
		until, wall = s.noticed, wall.Add(-s.by)
	}
	return append(parts, rights.Span{From: wall.Add(from - m.Boot), Until: wall.Add(until - m.Boot)})
}

// seen is the highest wall time, to be kept for the next start.
func (c *clock) seen() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.highest
}
