package capture

import (
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// action is one step while it grows and while its events wait to be judged.
type action struct {
	step  raw.Step
	place *place
	last  policy.Moment // of its newest event
	whole *stretch      // of a text run: what it is a part of

	ended   bool // no event can join it any more
	waiting int  // events that are not judged yet
	asked   int  // answers on the way: the element under it, the frame after it

	permit policy.Permit // what every judged event was allowed
	judged bool          // one event was judged at least
	denied policy.Reason // why it is dropped; Allowed while it is not

	sym uint32 // the key of a hotkey, as long as it may be held
}

// joins notes one more event.
func (a *action) joins(at policy.Moment) {
	a.last = at
	a.step.Until = at
}

// settled tells whether no event, judgement or answer about a itself is missing.
func (a *action) settled() bool { return a.ended && a.waiting == 0 && a.asked == 0 }

// ready tells whether nothing about a can change any more.
func (a *action) ready() bool { return a.settled() && (a.whole == nil || a.whole.over) }

// refused tells whether a is a run of which nothing will be told.
func (a *action) refused() bool { return a.whole != nil && a.whole.refused }

// judge takes the permit of one of its events. What one event was denied, the whole action is.
func (a *action) judge(p policy.Permit) {
	switch {
	case a.denied != policy.Allowed:
	case !p.Open():
		a.deny(p.Why())
	case !a.judged:
		a.permit, a.judged = p, true
	case a.permit.App() != p.App():
		a.deny(policy.Edge)
	default:
		a.permit = meet(a.permit, p)
	}
	if a.judged && !a.permit.Allows(policy.Text) {
		a.whole.refuse()
	}
}

// deny drops a whole and forgets at once what was typed, seen and pointed at.
func (a *action) deny(why policy.Reason) {
	if a.denied == policy.Allowed || why == policy.Secret {
		a.denied = why
	}
	a.wipe()
	a.whole.refuse()
}

// wipe forgets the content, not the times.
func (a *action) wipe() {
	a.step.Before.Wipe()
	a.step.After.Wipe()
	clear(a.step.Keys)
	a.step = raw.Step{Kind: a.step.Kind, From: a.step.From, Until: a.step.Until}
}

// meet is what both permits allow; they are for the same application.
func meet(a, b policy.Permit) policy.Permit {
	for _, c := range policy.AllClasses() {
		if !b.Allows(c) {
			a = a.Without(c)
		}
	}
	return a
}

// class is the data class that an action of this kind needs.
func class(k raw.Kind) policy.Class {
	switch k {
	case raw.Click, raw.Drag, raw.Scroll:
		return policy.Pointer
	case raw.Hotkey:
		return policy.Hotkeys
	}
	return policy.Text
}
