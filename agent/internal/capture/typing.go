package capture

import (
	"slices"
	"time"

	"github.com/byleave/byleave/policy"
)

// stretch is what a person would call one run of typing: the text runs of one window with less than textGap between a key
// and the next. The reducer makes several actions of it where the focused element changes or becomes known in its middle,
// or where one grew too long. What one key of it is refused, the whole stretch is; so its runs are handed on only when no
// key can belong to it any more and all of them are judged.
type stretch struct {
	window  uint32
	from    policy.Moment // of its first key
	runs    []*action
	before  *stretch // what it continues, if that had grown too long, until that is over
	after   *stretch // and the other way round
	quiet   bool     // no key can join it any more
	over    bool     // and all its keys are judged
	refused bool
}

// last is the moment of the newest key.
func (s *stretch) last() policy.Moment { return s.runs[len(s.runs)-1].last }

// ends is when no key can belong to s any more. One that is that late was held up longer than events are held back.
func (s *stretch) ends() time.Duration { return s.last().Boot + textGap + hold }

// refuse drops the content of all runs of s, and of what it continues or is continued by, as far as they are still here.
func (s *stretch) refuse() {
	if s == nil || s.refused {
		return
	}
	s.refused = true
	for _, a := range s.runs {
		a.wipe()
	}
	s.before.refuse()
	s.after.refuse()
}

// stretches are those that are not over, oldest first.
type stretches struct {
	live []*stretch
	deaf policy.Moment // until then no key was heard: what was typed just before nobody knows
}

// deafen is told that from at on no key is heard. What goes on in the window that has the focus goes on unheard.
func (t *stretches) deafen(window uint32, at policy.Moment) {
	for _, s := range t.live {
		if s.window == window && at.Boot-s.last().Boot < textGap {
			s.refuse()
		}
	}
}

// add gives the stretch of a new run a that begins with the key in. A key of which nobody knows where it went is refused.
func (t *stretches) add(a *action, in input) *stretch {
	s := t.near(in)
	if s == nil || in.at.Boot-s.from.Boot >= stretchMost {
		next := &stretch{window: in.place.window, from: in.at, before: s}
		next.refused = s != nil && s.refused || in.at.Boot-t.deaf.Boot < textGap
		if s != nil {
			s.after = next
		}
		s = next
		t.live = append(t.live, s)
	}
	s.runs, s.quiet = append(s.runs, a), false
	if !in.place.writable() {
		s.refuse()
	}
	return s
}

// near is the stretch that the key belongs to, nil if it begins one.
func (t *stretches) near(in input) *stretch {
	for _, s := range slices.Backward(t.live) {
		if s.window == in.place.window && in.at.Boot-s.last().Boot < textGap {
			return s
		}
	}
	return nil
}

// settle lets those go that are over at now.
func (t *stretches) settle(now policy.Moment) {
	t.live = slices.DeleteFunc(t.live, func(s *stretch) bool {
		s.quiet = now.Boot >= s.ends()
		s.over = s.quiet && !slices.ContainsFunc(s.runs, func(a *action) bool { return !a.settled() })
		if s.over && s.after != nil {
			s.after.before = nil
		}
		return s.over
	})
}

// due is when the next one falls quiet, and whether there is one.
func (t *stretches) due() (at time.Duration, some bool) {
	for _, s := range t.live {
		if !s.quiet && (!some || s.ends() < at) {
			at, some = s.ends(), true
		}
	}
	return at, some
}
