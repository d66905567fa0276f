package capture

import (
	"context"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// pulse proves that the application in which a person types is not hung. A hung one tells late that a password field got
// the focus, later than events are held back; so typed text waits until its application has answered a question that was
// put after the last key.
//
// The order that this rests on: a key lies in the application's queue before the question is put. An application that
// answers at once works its queue off, and tells a focus that a key moved, on the connection on which it answers, within
// the time for which events are held back anyway. One that was late has a queue to work off, and may answer between two
// keys of it. So after a late answer one that is in time proves only that it runs again; a second one, put a good while
// later, proves that it ran all that while. Only then what was typed before the first is proved, and every report of
// a secret field that came until then has denied it. What is not proved in pulseMost is dropped.
type pulse struct {
	waiting []*action     // text runs with keys that are not proved
	since   policy.Moment // the oldest key that is not proved came after this, if there is one
	asked   bool          // a question is under way
	put     policy.Moment // when it was put
	late    bool          // an answer was late, and none has proved since that the application keeps up
	runs    bool          // it has answered in time once, to a question put at first
	first   policy.Moment
	again   policy.Moment // while it runs: when the second question is put
	alive   policy.Moment // when the last question was put that proves what came before it
	lookups int           // questions for elements under way
}

const (
	// pulseWait is how long an answer in time may take. With the time in which the application then tells its focus it
	// stays below what events are held back.
	pulseWait = 200 * time.Millisecond
	// pulseRest is how long an application that was late must keep up.
	pulseRest = 150 * time.Millisecond
	// pulseMost is how long a key may wait for its proof.
	pulseMost = 2 * time.Second
)

// beat asks the application again, because a took a key.
func (l *loop) beat(a *action, now policy.Moment) {
	p := &l.pulse
	if len(p.waiting) == 0 {
		p.since = now
	}
	if n := len(p.waiting); n == 0 || p.waiting[n-1] != a {
		p.waiting = append(p.waiting, a)
		a.asked++
	}
	l.ask(now)
}

// ask puts a question, unless one is under way or its time has not come.
func (l *loop) ask(now policy.Moment) {
	p := &l.pulse
	if p.asked || l.s == nil || p.runs && now.Boot < p.again.Boot {
		return
	}
	p.asked, p.put = true, now
	id, s, done, answers := l.sight.leaf.ID, l.s, l.done, l.answers
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), pulseMost)
		defer cancel()
		secret, err := s.Answers(ctx, id)
		select {
		case answers <- answer{asked: now, alive: err == nil, leaf: id, secret: secret}:
		case <-done:
		}
	}()
}

// beaten frees the runs that the answer proves, and asks again if there are keys that it does not prove.
func (l *loop) beaten(r answer, now policy.Moment) {
	p := &l.pulse
	p.asked = false
	if r.secret {
		l.becameSecret(r.leaf, now)
	}
	switch {
	case !r.alive:
		p.late, p.runs = true, false
		l.giveUp()
	case after(now, r.asked, pulseWait):
		p.late, p.runs = true, false
	case p.late && !p.runs:
		p.runs, p.first, p.again = true, r.asked, now.Add(pulseRest)
	case p.late:
		p.late, p.runs = false, false
		l.proved(p.first)
	default:
		l.proved(r.asked)
	}
	if len(p.waiting) > 0 {
		l.ask(now)
	}
}

// becameSecret takes in that a field hides what is typed into it, of which no event told: a page or a program changes that while the field has
// the focus. Nobody knows since when, so what was typed since it last said otherwise is denied, and it stays secret until the focus moves.
func (l *loop) becameSecret(leaf uint64, now policy.Moment) {
	l.pulse.denyUnproved(l.out.items, policy.Secret)
	if s := &l.sight; s.leaf.ID == leaf {
		s.leaf.Role = a11y.RolePasswordText
		l.lookAtLeaf(now)
		l.here()
	}
}

// proved lets runs go that ended before a question that is proof.
func (l *loop) proved(at policy.Moment) {
	p := &l.pulse
	p.alive, p.since = at, at
	p.release(func(a *action) bool { return !after(a.last, at, 0) })
}

// giveUp drops what is not proved.
func (l *loop) giveUp() {
	l.pulse.denyUnproved(l.out.items, policy.Blind)
	l.pulse.release(func(*action) bool { return true })
}

// feel asks the second time, and gives up, when it is time.
func (l *loop) feel(now policy.Moment) {
	p := &l.pulse
	if len(p.waiting) == 0 {
		return
	}
	if now.Boot >= p.since.Boot+pulseMost {
		l.giveUp()
		return
	}
	l.ask(now)
}

// due is when the pulse must be felt, and whether there is such a time.
func (p *pulse) due() (time.Duration, bool) {
	at := p.since.Boot + pulseMost
	if p.runs && !p.asked {
		at = min(at, p.again.Boot)
	}
	return at, len(p.waiting) > 0
}

// doubtful tells whether nobody knows where the keys went that are not proved: the application was late, or is.
func (p *pulse) doubtful(now policy.Moment) bool {
	return p.late || p.asked && after(now, p.put, pulseWait)
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
func (p *pulse) denyUnproved(items []item, why policy.Reason) {
	for _, i := range items {
		if i.a != nil && i.a.step.Kind == raw.Text && after(i.a.last, p.alive, 0) {
			i.a.deny(why)
		}
	}
}
