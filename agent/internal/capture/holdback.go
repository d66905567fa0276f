package capture

import (
	"time"

	"github.com/byleave/byleave/policy"
)

// holdback is the queue of what happened and is not judged yet, oldest first. An edge of a permit that becomes known late
// (a focus event comes after the key that caused it) still finds every event that it is about.
type holdback struct {
	queue []held
}

// part is what a judgement is about.
type part uint8

const (
	deedPart   part = iota // the event itself: a denial drops the action
	beforePart             // the frame before: a denial drops that frame
	afterPart              // the frame after
)

// held is one thing to be judged at its own time.
type held struct {
	at     policy.Moment
	from   policy.Moment // when it was put in: it stays hold from then at least
	window uint32
	press  uint32 // the server's own time of it if it is the press of a button, else 0
	a      *action
	part   part
}

func (h *holdback) put(e held) {
	e.a.waiting++
	h.queue = append(h.queue, e)
}

// due is when the oldest may be judged, and whether there is one.
func (h *holdback) due() (time.Duration, bool) {
	if len(h.queue) == 0 {
		return 0, false
	}
	return h.queue[0].from.Boot + hold, true
}

// judge takes out everything whose time has come at now, in order.
func (h *holdback) judge(now policy.Moment, judge func(held) policy.Permit) {
	n := 0
	for n < len(h.queue) && now.Boot >= h.queue[n].from.Boot+hold {
		h.queue[n].settle(judge(h.queue[n]))
		n++
	}
	h.drop(n)
}

// deny denies everything that is still held: nobody will know what edges were near.
func (h *holdback) deny(why policy.Reason) {
	for _, e := range h.queue {
		e.a.waiting--
		e.a.deny(why)
	}
	h.drop(len(h.queue))
}

func (h *holdback) drop(n int) {
	rest := copy(h.queue, h.queue[n:])
	clear(h.queue[rest:])
	h.queue = h.queue[:rest]
}

func (e held) settle(p policy.Permit) {
	e.a.waiting--
	switch s := &e.a.step; {
	case e.part == deedPart:
		e.a.judge(p)
	case p.Allows(policy.Frames):
	case e.part == beforePart:
		s.Before.Wipe()
		s.Before, s.NoBefore = nil, noFrame
	case e.part == afterPart:
		s.After.Wipe()
		s.After, s.NoAfter = nil, noFrame
	}
}

// noFrame is why a frame is withheld that was taken and then denied.
const noFrame = "not permitted at that moment"
