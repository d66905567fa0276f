package capture

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// camera takes the frame before and the frame after each action, and bounds how many. At most one action waits for its
// frame after; the next action's frame before serves it if that comes first.
type camera struct {
	before func(window, stamp uint32) (*raw.Shot, string)
	grab   func(window uint32) (*raw.Shot, string)
	took   func(a *action, p part, at policy.Moment, window uint32) // a frame was taken and must be judged

	want    *action
	since   policy.Moment // the frame after must show what came of this moment
	settled policy.Moment // when the window last settled

	lastAfter time.Duration
	pace      time.Duration // the least time between two frames after an action, if that is more than grabEvery
}

// begin takes the frame before a, at the event that began it. It shows the window at that moment, however long ago the server
// gave it, so it is judged at that moment.
func (c *camera) begin(a *action, in input) {
	shot, why := c.before(a.place.window, in.stamp)
	if shot == nil {
		a.step.NoBefore = why
		c.cancel("another action came first")
		return
	}
	if c.want != nil {
		c.give(shot.Share(), "settled", in.at, a.place.window)
	}
	a.step.Before = shot
	c.took(a, beforePart, in.at, a.place.window)
}

// wants asks for a frame after a that shows what came of the moment since. Asking again starts over.
func (c *camera) wants(a *action, since policy.Moment) {
	if c.want == a {
		c.since = since
		return
	}
	c.cancel("another action came first")
	c.want, c.since = a, since
	a.asked++
}

// again takes back the frame after a, because a goes on.
func (c *camera) again(a *action) {
	if c.want == a {
		c.want = nil
		a.asked--
	}
	a.step.After.Wipe()
	a.step.After, a.step.NoAfter = nil, ""
}

// cancel leaves the waiting action without a frame after.
func (c *camera) cancel(why string) {
	if c.want == nil {
		return
	}
	c.want.step.NoAfter = why
	c.want.asked--
	c.want = nil
}

// due is when a frame must be taken if nothing else happens, and whether there is such a time.
func (c *camera) due() (time.Duration, bool) {
	if c.want == nil {
		return 0, false
	}
	at := c.since.Boot + afterCap
	if c.isSettled() {
		at = min(at, c.lastAfter+max(grabEvery, c.pace))
	}
	return at, true
}

func (c *camera) isSettled() bool { return c.settled.Boot > c.since.Boot }

// tick takes the frame after, if it is time for it: the window has settled, or has been moving for too long.
func (c *camera) tick(now policy.Moment, window uint32) {
	if due, ok := c.due(); !ok || now.Boot < due {
		return
	}
	c.lastAfter = now.Boot
	shot, why := c.grab(window)
	if shot == nil {
		c.cancel(why)
		return
	}
	proof := "cap"
	if c.isSettled() {
		proof = "settled"
	}
	c.give(shot, proof, now, window)
}

// give hands the frame to the action that waits for it.
func (c *camera) give(shot *raw.Shot, proof string, at policy.Moment, window uint32) {
	a := c.want
	c.want = nil
	a.asked--
	shot.Proof = proof
	shot.Age = max(at.Boot-c.since.Boot, 0)
	a.step.After.Wipe()
	if a.denied != policy.Allowed {
		shot.Wipe()
		return
	}
	a.step.After, a.step.NoAfter = shot, ""
	c.took(a, afterPart, at, window)
}
