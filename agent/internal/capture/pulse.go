package capture

import (
	"context"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// pulse proves that the application in which a person types is not hung. A hung one tells late that a password field got
// the focus, later than events are held back; so typed text waits until its application has answered a question that was
// put after the last key.
type pulse struct {
	waiting []*action     // text runs with keys that are not proved
	asked   bool          // a question is under way
	alive   policy.Moment // when the last question was put that was answered
	lookups int           // questions for elements under way
}

// pulseWait is how long an application may take to answer. With the time in which it then tells its focus it stays
// below what events are held back.
const pulseWait = 200 * time.Millisecond

// beat asks the application again, because a took a key.
func (l *loop) beat(a *action, now policy.Moment) {
	p := &l.pulse
	if n := len(p.waiting); n == 0 || p.waiting[n-1] != a {
		p.waiting = append(p.waiting, a)
		a.asked++
	}
	l.ask(now)
}

func (l *loop) ask(now policy.Moment) {
	if l.pulse.asked || l.s == nil {
		return
	}
	l.pulse.asked = true
	id, s, done, answers := l.sight.leaf.ID, l.s, l.done, l.answers
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), pulseWait)
		defer cancel()
		err := s.Answers(ctx, id)
		select {
		case answers <- answer{asked: now, alive: err == nil}:
		case <-done:
		}
	}()
}

// beaten frees the runs that the answer proves, denies those that it does not, and asks again if keys came since.
func (l *loop) beaten(r answer) {
	p := &l.pulse
	p.asked = false
	if !r.alive {
		p.denyUnproved(l.out.items)
		p.release(func(*action) bool { return true })
		return
	}
	p.alive = r.asked
	p.release(func(a *action) bool { return !after(a.last, p.alive, 0) })
	if len(p.waiting) > 0 {
		l.ask(l.now())
	}
}

// release lets runs go for which is holds.
func (p *pulse) release(is func(*action) bool) {
	rest := p.waiting[:0]
	for _, a := range p.waiting {
		if is(a) {
			a.asked--
		} else {
			rest = append(rest, a)
		}
	}
	clear(p.waiting[len(rest):])
	p.waiting = rest
}

// denyUnproved drops every run with a key of which nobody knows where it went.
func (p *pulse) denyUnproved(items []item) {
	for _, i := range items {
		if i.a != nil && i.a.step.Kind == raw.Text && after(i.a.last, p.alive, 0) {
			i.a.deny(policy.Blind)
		}
	}
}
