package capture

import (
	"context"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/policy"
)

// seek asks for the element that has the focus where none was told: the window had it before anybody listened, the
// application was too busy to be asked at the event, or the bus had gone. Nothing but the focused window of a permit is
// asked, and until an answer comes the element stays unknown.
type seek struct {
	asked bool // a question is under way
	tries int  // without an answer, in this window
	told  uint // how many focus events came
}

// seekMost bounds how often an application is asked in vain.
const seekMost = 3

// found is the answer to a question for the focused element.
type found struct {
	leaf  a11y.Focus
	ok    bool
	since policy.Moment // of the window's focus, when it was asked
	told  uint
}

// seekLeaf asks if it must be asked, in a goroutine of its own.
func (l *loop) seekLeaf() {
	k := &l.seek
	if l.sight.ours() {
		k.tries = 0
		return
	}
	if l.s == nil || !l.watch.on || !l.sight.focus.Known || k.asked || k.tries >= seekMost {
		return
	}
	k.asked = true
	k.tries++
	pid, s, done, answers := l.sight.focus.PID, l.s, l.done, l.answers
	r := found{since: l.sight.since, told: k.told}
	go func() {
		r.leaf, r.ok = s.Find(context.Background(), pid)
		select {
		case answers <- answer{found: &r}:
		case <-done:
		}
	}()
}

// sought takes an answer in, unless the focus moved since the question: an event that came later knows better.
func (l *loop) sought(r found) {
	l.seek.asked = false
	if !r.ok || r.since != l.sight.since || r.told != l.seek.told {
		return
	}
	l.leave()
	l.sight.leaf = r.leaf
	l.lookAtLeaf(r.leaf.At)
	l.here()
}

// reopenRest is how long a bus that has gone is left alone: it may have gone because a program pours events into it, and would at once again.
const reopenRest = 2 * time.Second

// lost takes in that there is no accessibility bus, and waits beside the loop until there is one again.
func (l *loop) lost(ctx context.Context) {
	rest := time.Duration(0)
	if l.s != nil {
		rest = reopenRest
	}
	l.s = nil
	l.pulse.runs = false
	l.giveUp() // nobody will prove it any more
	l.opt.Typed(a11y.ErrNoBus.Error())
	if l.reopen == nil {
		return
	}
	l.helpers.Go(func() {
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return
		}
		s, err := l.reopen(ctx)
		if err != nil {
			return // the session has ended, or the run
		}
		select {
		case l.buses <- s:
		case <-ctx.Done():
			s.Close()
		}
	})
}

// returned takes the bus in that is there again. It gives the channel to go on with.
func (l *loop) returned(s senses) <-chan a11y.Focus {
	l.s, l.seek.tries = s, 0
	l.opt.Typed("")
	return s.Focused()
}
