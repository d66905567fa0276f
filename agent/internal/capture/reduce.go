package capture

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// reducer makes actions of input events, as they arrive. It judges nothing. At most one action is open, that is, may still
// be joined by a next event; besides that each held button has the action that it began.
type reducer struct {
	open   *action
	down   map[uint8]*press
	rep    folded
	typing stretches

	began func(*action, input) // an action was made of this event; it is not judged yet
	ended func(*action)        // no event will join it any more
}

// press is a button that is held.
type press struct {
	a     *action
	at    policy.Moment // of the press
	x, y  int
	moved policy.Moment // of the newest motion that was judged
}

func newReducer(began func(*action, input), ended func(*action)) *reducer {
	return &reducer{down: map[uint8]*press{}, began: began, ended: ended}
}

// add gives the action that the event belongs to, nil if it belongs to none.
func (r *reducer) add(in input) *action {
	r.expire(in.at)
	switch in.deed {
	case keyDown:
		in.repeat = r.rep.isRepeat(in)
		return r.key(in)
	case keyUp:
		r.rep.release(in)
		return r.keyReleased(in)
	case buttonDown:
		if in.button >= 4 && in.button <= 7 {
			return r.notch(in)
		}
		return r.press(in)
	case buttonUp:
		return r.release(in)
	case motion:
		return r.move(in)
	}
	return nil
}

// begin opens a new action of in; what was open can no longer be joined.
func (r *reducer) begin(k raw.Kind, in input) *action {
	r.part()
	a := &action{place: in.place, last: in.at, step: raw.Step{
		Kind: k, From: in.at, Until: in.at, Window: in.place.win, Focus: in.place.focus, X: in.x, Y: in.y,
	}}
	if k == raw.Text {
		a.whole = r.typing.add(a, in)
	}
	r.open = a
	r.began(a, in)
	return a
}

// part closes what is open to further events. An action whose button is held ends at its release.
func (r *reducer) part() {
	if a := r.open; a != nil {
		r.open = nil
		if !r.held(a) {
			r.end(a)
		}
	}
}

// abandon ends everything: the listening stops, and no release will come. An action whose button is held is denied.
func (r *reducer) abandon(why policy.Reason) {
	r.part()
	for b, p := range r.down {
		delete(r.down, b)
		if !p.a.ended {
			p.a.deny(why)
			r.end(p.a)
		}
	}
	r.rep = folded{}
}

func (r *reducer) end(a *action) {
	a.ended = true
	r.ended(a)
}

func (r *reducer) held(a *action) bool {
	for _, p := range r.down {
		if p.a == a {
			return true
		}
	}
	return false
}

// expire ends the open action if its time has passed at now.
func (r *reducer) expire(now policy.Moment) {
	if due, ok := r.due(); ok && now.Boot >= due {
		r.part()
	}
}

// due is when the open action ends if nothing joins it, and whether there is such a time.
func (r *reducer) due() (time.Duration, bool) {
	a := r.open
	if a == nil || r.held(a) {
		return 0, false
	}
	switch a.step.Kind {
	case raw.Click:
		return a.last.Boot + multiClick, true
	case raw.Scroll:
		return min(a.last.Boot+scrollGap, a.step.From.Boot+scrollMost), true
	case raw.Text:
		return min(a.last.Boot+textGap, a.step.From.Boot+textMost), true
	}
	return a.last.Boot + hotkeyMost, true
}
