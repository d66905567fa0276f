package gate

import "github.com/byleave/byleave/policy"

// Judge says what may be kept of an input event that happened at at in window: what every instant from Band before to Band
// after it allows. An instant that allows nothing, or something of another application, denies the event as Edge; one that
// lacks a class takes that class. Between two windows that one permit covers there is no edge, as nothing changes.
// The reason of a denial is that of the event's own instant, if it had one. The window must have had the focus in that time.
// Whoever asks before Band has passed, or about more than the kept minutes ago, hears Blind: not enough is known.
func (g *Gate) Judge(at policy.Moment, window uint32) policy.Permit {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.read()
	g.settle(now)
	at.Wall = at.Wall.In(now.Wall.Location())
	from, to := at.Boot-Band, at.Boot+Band
	switch {
	case window == 0 || to > now.Boot || from <= g.floor:
		return policy.Deny(policy.Blind)
	case from <= g.barrier:
		return policy.Deny(g.acrossBarrier())
	}
	return g.sweep(at, window)
}

// acrossBarrier is the reason for an event on the other side of a change of rules or of trust in the clock.
func (g *Gate) acrossBarrier() policy.Reason {
	switch {
	case g.rules == nil || g.withdrawn:
		return policy.NoConsent
	case g.doubt:
		return policy.Blind
	}
	return policy.Edge
}

// sweep walks through the band in order of time. Facts that change are asked about twice at that instant, before and
// after, so that an edge exactly on the rim of the band counts. Hours and expiry fall on whole seconds, so that asking at
// both ends of each stretch finds any edge in it.
func (g *Gate) sweep(at policy.Moment, window uint32) policy.Permit {
	start, end := at.Add(-Band-1), at.Add(Band)
	state := g.history.before(start.Boot + 1)
	own := g.decide(state, at)
	had := state.focus.window == window
	all := []policy.Permit{g.decide(state, start)}
	for _, c := range g.history.changes(start.Boot+1, end.Boot) {
		here := at.Add(c.at - at.Boot)
		all = append(all, g.decide(state, here))
		c.apply(&state)
		all = append(all, g.decide(state, here))
		had = had || state.focus.window == window
		if c.at <= at.Boot {
			own = g.decide(state, at)
		}
	}
	all = append(all, g.decide(state, end), own)
	switch {
	case !own.Open():
		return own
	case !had:
		return policy.Deny(policy.Blind)
	}
	return meet(own, all)
}

// meet takes from own what any of all lacks.
func meet(own policy.Permit, all []policy.Permit) policy.Permit {
	left := own
	for _, p := range all {
		if !p.Open() || p.App() != own.App() {
			return policy.Deny(policy.Edge)
		}
		for _, c := range policy.AllClasses() {
			if !p.Allows(c) {
				left = left.Without(c)
			}
		}
	}
	if !left.Open() {
		return policy.Deny(policy.Edge)
	}
	return left
}
