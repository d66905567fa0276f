package gate

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/byleave/byleave/policy"
)

// focus is which window has the focus, and what policy.Rules.Match said of it. The zero focus is unknown.
type focus struct {
	window uint32
	app    string
	why    policy.Reason
}

func (f focus) known() bool { return f.window != 0 && f.why != policy.Blind }

// pause is a pause that the person asked for; a zero until is for ever.
type pause struct {
	on    bool
	until time.Time
}

func (p pause) holds(wall time.Time) bool { return p.on && (p.until.IsZero() || wall.Before(p.until)) }

// facts is everything that can differ from one instant to the next, at one instant. The zero facts deny.
type facts struct {
	focus     focus
	pause     pause
	locked    bool
	secret    bool
	textBlind bool
	indicator bool
	durable   bool
	display   bool
}

// permit asks policy.Decide what these facts allow in a situation that has the rules, the time and what holds for the
// whole gate.
func (f facts) permit(s policy.Situation) policy.Permit {
	s.App, s.AppWhy = f.focus.app, f.focus.why
	s.Known = f.display && f.focus.known()
	s.Paused = f.pause.holds(s.Now.Wall)
	s.Locked, s.Secret = f.locked, f.secret
	s.Indicator, s.Durable = f.indicator, f.durable
	p := policy.Decide(s)
	if p.Open() && f.textBlind {
		if p = p.Without(policy.Text); !p.Open() {
			return policy.Deny(policy.Blind)
		}
	}
	return p
}

// history is the timelines of all facts.
type history struct {
	focus     timeline[focus]
	pause     timeline[pause]
	locked    timeline[bool]
	secret    timeline[bool]
	textBlind timeline[bool]
	indicator timeline[bool]
	durable   timeline[bool]
	display   timeline[bool]
}

// newHistory knows nothing since ever, so that the first report of a fact may be of a time before the gate.
func newHistory() history {
	const ever = time.Duration(math.MinInt64)
	no := func() timeline[bool] { return timeline[bool]{{at: ever}} }
	return history{
		focus: timeline[focus]{{at: ever}}, pause: timeline[pause]{{at: ever}},
		locked: no(), secret: no(), textBlind: no(), indicator: no(), durable: no(), display: no(),
	}
}

// last is the facts as far as they were reported.
func (h *history) last() facts {
	return facts{
		focus: h.focus.last(), pause: h.pause.last(), locked: h.locked.last(), secret: h.secret.last(),
		textBlind: h.textBlind.last(), indicator: h.indicator.last(), durable: h.durable.last(), display: h.display.last(),
	}
}

// before is the facts just before at.
func (h *history) before(at time.Duration) facts {
	return facts{
		focus: h.focus.before(at), pause: h.pause.before(at), locked: h.locked.before(at), secret: h.secret.before(at),
		textBlind: h.textBlind.before(at), indicator: h.indicator.before(at), durable: h.durable.before(at),
		display: h.display.before(at),
	}
}

// change is one fact that changes at an instant.
type change struct {
	at    time.Duration
	apply func(*facts)
}

// changes lists every change from from to to, both included, in order.
func (h *history) changes(from, to time.Duration) []change {
	out := collect(nil, h.focus, from, to, func(f *facts, v focus) { f.focus = v })
	out = collect(out, h.pause, from, to, func(f *facts, v pause) { f.pause = v })
	out = collect(out, h.locked, from, to, func(f *facts, v bool) { f.locked = v })
	out = collect(out, h.secret, from, to, func(f *facts, v bool) { f.secret = v })
	out = collect(out, h.textBlind, from, to, func(f *facts, v bool) { f.textBlind = v })
	out = collect(out, h.indicator, from, to, func(f *facts, v bool) { f.indicator = v })
	out = collect(out, h.durable, from, to, func(f *facts, v bool) { f.durable = v })
	out = collect(out, h.display, from, to, func(f *facts, v bool) { f.display = v })
	slices.SortStableFunc(out, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	return out
}

func collect[T any](out []change, l timeline[T], from, to time.Duration, set func(*facts, T)) []change {
	i := len(l)
	for i > 0 && l[i-1].at >= from {
		i--
	}
	for ; i < len(l) && l[i].at <= to; i++ {
		v := l[i].value
		out = append(out, change{l[i].at, func(f *facts) { set(f, v) }})
	}
	return out
}

// trim forgets what ended before horizon and returns the instant from which on everything is still known.
func (h *history) trim(horizon time.Duration) time.Duration {
	return max(
		h.focus.trim(horizon, mostPoints), h.pause.trim(horizon, mostPoints), h.locked.trim(horizon, mostPoints),
		h.secret.trim(horizon, mostPoints), h.textBlind.trim(horizon, mostPoints), h.indicator.trim(horizon, mostPoints),
		h.durable.trim(horizon, mostPoints), h.display.trim(horizon, mostPoints),
	)
}
