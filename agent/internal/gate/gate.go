package gate

import (
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
)

// Band is the time on both sides of an edge of a permit in which nothing is recorded. Capture holds an event back for longer before it asks Judge.
const Band = 250 * time.Millisecond

const (
	keep       = 2 * time.Minute // how far back Judge can look
	mostPoints = 4096            // of one fact: a flood of reports shortens the history instead of filling memory
)

// Status is what a person is told.
type Status struct {
	State       State
	Words       string    // three words: why
	App         string    // the application that is recorded, empty if none
	Since       time.Time // since when State and Words are so
	PausedUntil time.Time // zero if not paused, or for ever
}

// Gate is the one place that says whether anything may be recorded. All methods may be called at any time from any
// goroutine. A new Gate denies, and goes on denying until rules, display, focus, mark and disk have all been reported good.
type Gate struct {
	now     func() policy.Moment
	doubted func() bool // asked after each reading of now; nil: never

	mu        sync.Mutex // guards everything below
	rules     *policy.Rules
	withdrawn bool
	doubt     bool
	asking    string        // the open question, in three words; "" if there is none
	renewed   bool          // rules were set since the last settle
	ended     bool          // they expired; only new rules lead out
	endedAt   time.Duration // when that was seen
	floor     time.Duration // from here on the history is whole
	forgot    time.Duration // what is reported of the focus after this instant cannot be older than it
	barrier   time.Duration // rules, the zone or trust in the clock changed here; nothing is judged across
	zone      *time.Location
	words     string // what is wrong with the display
	history   history
	live      policy.Permit
	status    Status
	watchers  map[chan struct{}]bool
}

// New returns a gate that denies. Now reads both clocks; its wall time carries the zone in which hours are read.
func New(now func() policy.Moment) *Gate {
	start := now()
	g := &Gate{now: now, watchers: map[chan struct{}]bool{}, floor: start.Boot, barrier: start.Boot, zone: start.Wall.Location(), history: newHistory()}
	g.status = Status{State: Off, Words: policy.NoConsent.Words(), Since: start.Wall}
	g.live = policy.Deny(policy.NoConsent)
	return g
}

// SetRules replaces the rules; nil means that there is no consent. Setting the rules that are set already changes nothing.
// Everything before this instant is denied from now on, and the focus is forgotten, since it was matched with other
// rules: capture reports it again when Changed fires.
func (g *Gate) SetRules(r *policy.Rules) {
	g.update(func(now policy.Moment) {
		if r == g.rules && !g.withdrawn {
			return
		}
		g.rules, g.withdrawn, g.ended, g.renewed = r, false, false, r != nil
		g.barrier = now.Boot
		g.forgetFocus(now.Boot)
	})
}

// Distrust makes the gate ask doubted after each reading of its clocks, so that a clock that is set while the gate works closes
// it before anything is judged by the new time. Call it before the gate is used; doubted must not call the gate.
func (g *Gate) Distrust(doubted func() bool) { g.doubted = doubted }

// read reads both clocks, and closes the gate if they came into doubt. In another zone the agreed hours are other instants. g.mu is held.
func (g *Gate) read() policy.Moment {
	now := g.now()
	if zone := now.Wall.Location(); zone != g.zone {
		g.zone, g.barrier = zone, now.Boot
		g.tell() // whoever sleeps until NextEdge counted by the zone before
	}
	if g.doubted != nil && g.doubted() && !g.doubt {
		g.doubt = true
		g.barrier = now.Boot
	}
	return now
}

// forgetFocus makes the focus unknown until capture reports it anew. g.mu is held.
func (g *Gate) forgetFocus(at time.Duration) {
	g.forgot = at
	g.history.focus.set(at, focus{})
}

// Asking says in three words which question to the person is open, "" if none is: a policy that became wider, a withdrawal on another device.
func (g *Gate) Asking(words string) { g.update(func(policy.Moment) { g.asking = words }) }

// Withdraw ends the consent at once, and with it everything that was not judged yet.
func (g *Gate) Withdraw() {
	g.update(func(now policy.Moment) {
		g.withdrawn = true
		g.barrier = now.Boot
	})
}

// Pause stops recording from now on until the wall clock shows until; a zero until is for ever. It survives everything
// but Resume and its own end.
func (g *Gate) Pause(until time.Time) {
	g.update(func(now policy.Moment) { g.history.pause.set(now.Boot, pause{true, until}) })
}

// Resume ends a pause.
func (g *Gate) Resume() {
	g.update(func(now policy.Moment) { g.history.pause.set(now.Boot, pause{}) })
}

// Lock says whether the session is locked, or asleep.
func (g *Gate) Lock(locked bool) {
	g.update(func(now policy.Moment) { g.history.locked.set(now.Boot, locked) })
}

// Focus reports which window got the focus and what Rules.Match said of it. Window 0, or why Blind, is unknown.
// Capture calls it for every change of focus, title or rules, at the X server's own time of the change.
func (g *Gate) Focus(at policy.Moment, window uint32, app string, why policy.Reason) {
	g.update(func(now policy.Moment) { g.history.focus.set(max(past(at, now), g.forgot), focus{window, app, why}) })
}

// Secret reports whether an element for secrets has the focus. While it has, nothing at all is recorded.
func (g *Gate) Secret(at policy.Moment, on bool) {
	g.update(func(now policy.Moment) { g.history.secret.set(past(at, now), on) })
}

// TextBlind reports whether the focused element is not known. While it is not, no text is recorded; other classes are.
func (g *Gate) TextBlind(at policy.Moment, on bool) {
	g.update(func(now policy.Moment) { g.history.textBlind.set(past(at, now), on) })
}

// Indicator reports whether the mark can be seen.
func (g *Gate) Indicator(at policy.Moment, shown bool) {
	g.update(func(now policy.Moment) { g.history.indicator.set(past(at, now), shown) })
}

// Durable reports whether what is recorded can be made durable.
func (g *Gate) Durable(ok bool) {
	g.update(func(now policy.Moment) { g.history.durable.set(now.Boot, ok) })
}

// Display reports whether there is a usable display, with words for the person if not: "input: unavailable". A display
// that went away takes the knowledge of the focus, and of the element in it, with it.
func (g *Gate) Display(ok bool, words string) {
	g.update(func(now policy.Moment) {
		if !ok {
			g.forgetFocus(now.Boot)
			g.history.secret.set(now.Boot, false)
			g.history.textBlind.set(now.Boot, false)
		}
		g.history.display.set(now.Boot, ok)
		g.words = words
	})
}

// ClockDoubt says that the clocks cannot be trusted, or that the person confirmed them. Doubt denies everything, also
// what happened before it was noticed.
func (g *Gate) ClockDoubt(doubt bool) {
	g.update(func(now policy.Moment) {
		if doubt != g.doubt || !doubt { // also a doubt that came and went between two readings
			g.doubt = doubt
			g.barrier = now.Boot
		}
		if !doubt {
			g.tell() // whoever sleeps until NextEdge counted by the clock as it was
		}
	})
}

// Tick looks at the clock: hours, expiry and the end of a pause. Call it at NextEdge.
func (g *Gate) Tick() { g.update(func(policy.Moment) {}) }

// Live is the permit of this instant, without a band: for deciding whether to listen at all, not what to keep.
func (g *Gate) Live() policy.Permit {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle(g.read())
	return g.live
}

// Status is what a person is told at this instant.
func (g *Gate) Status() Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.settle(g.read())
	return g.status
}

// NextEdge is when the clock alone will change something: hours, expiry, the end of a pause. Zero if it will not.
func (g *Gate) NextEdge() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	wall := g.read().Wall
	edge := g.rules.NextEdge(wall)
	if g.ended {
		edge = time.Time{}
	}
	if p := g.history.pause.last(); p.holds(wall) && !p.until.IsZero() && (edge.IsZero() || p.until.Before(edge)) {
		edge = p.until
	}
	return edge
}

// update is the only way in which anything is written.
func (g *Gate) update(write func(now policy.Moment)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.read()
	write(now)
	g.floor = max(g.floor, g.history.trim(now.Boot-keep))
	g.settle(now)
}

// settle computes the permit and the state of this instant and says so if they changed. g.mu is held.
func (g *Gate) settle(now policy.Moment) {
	last := g.history.last()
	live := g.decide(last, now)
	if live.Why() == policy.Expired && !g.ended {
		g.ended, g.endedAt = true, now.Boot
	}
	status := Status{
		State: next(g.status.State, live.Why(), g.asking != "", g.renewed),
		Words: live.Why().Words(),
		App:   live.App(),
		Since: g.status.Since,
	}
	if last.pause.holds(now.Wall) {
		status.PausedUntil = last.pause.until
	}
	switch status.State {
	case Blind:
		status.Words = g.blindWords(live.Why(), last)
	case Consenting:
		status.Words = g.asking
	}
	if status.State != g.status.State || status.Words != g.status.Words {
		status.Since = now.Wall
	}
	g.renewed = false
	if live == g.live && status == g.status {
		return
	}
	g.live, g.status = live, status
	g.tell()
}

// blindWords names what is not known, where it has a name of its own. g.mu is held.
func (g *Gate) blindWords(why policy.Reason, last facts) string {
	switch {
	case why == policy.Blind && g.doubt:
		return "clock was set"
	case !last.display && g.words != "":
		return g.words
	}
	return why.Words()
}

// decide is what facts allow at an instant under what holds for the whole gate. g.mu is held.
func (g *Gate) decide(f facts, at policy.Moment) policy.Permit {
	if g.rules != nil && !g.withdrawn && g.ended && at.Boot >= g.endedAt {
		return policy.Deny(policy.Expired)
	}
	return f.permit(policy.Situation{Rules: g.rules, Now: at, Withdrawn: g.withdrawn, ClockDoubt: g.doubt})
}

// past keeps a report from claiming to know the future: the X server's clock may run a few milliseconds ahead of ours.
func past(at, now policy.Moment) time.Duration { return min(at.Boot, now.Boot) }
