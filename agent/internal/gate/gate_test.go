package gate

import (
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
)

// Every fact that stops recording: band on the side of what was allowed, and the reason on the other.
func TestEveryFactHasItsEdge(t *testing.T) {
	tests := []struct {
		name  string
		stop  func(*Gate, policy.Moment)
		start func(*Gate, policy.Moment)
		why   policy.Reason
		state State
	}{
		{"pause", func(g *Gate, _ policy.Moment) { g.Pause(time.Time{}) }, func(g *Gate, _ policy.Moment) { g.Resume() }, policy.IsPaused, Paused},
		{"lock", func(g *Gate, _ policy.Moment) { g.Lock(true) }, func(g *Gate, _ policy.Moment) { g.Lock(false) }, policy.Excluded, Excluded},
		{"secret", func(g *Gate, at policy.Moment) { g.Secret(at, true) }, func(g *Gate, at policy.Moment) { g.Secret(at, false) }, policy.Secret, Excluded},
		{"mark", func(g *Gate, at policy.Moment) { g.Indicator(at, false) }, func(g *Gate, at policy.Moment) { g.Indicator(at, true) }, policy.NoIndicator, Blind},
		{"disk", func(g *Gate, _ policy.Moment) { g.Durable(false) }, func(g *Gate, _ policy.Moment) { g.Durable(true) }, policy.DiskTrouble, Blind},
		{"not agreed", func(g *Gate, at policy.Moment) { g.Focus(at, 2, "", policy.NotAgreed) },
			func(g *Gate, at policy.Moment) { g.Focus(at, 1, "editor", policy.Allowed) }, policy.NotAgreed, Excluded},
		{"excluded", func(g *Gate, at policy.Moment) { g.Focus(at, 2, "", policy.Excluded) },
			func(g *Gate, at policy.Moment) { g.Focus(at, 1, "editor", policy.Allowed) }, policy.Excluded, Excluded},
		{"lost focus", func(g *Gate, at policy.Moment) { g.Focus(at, 0, "editor", policy.Allowed) },
			func(g *Gate, at policy.Moment) { g.Focus(at, 1, "editor", policy.Allowed) }, policy.Blind, Blind},
		{"display", func(g *Gate, _ policy.Moment) { g.Display(false, "input: unavailable") },
			func(g *Gate, at policy.Moment) { g.Display(true, ""); g.Focus(at, 1, "editor", policy.Allowed) }, policy.Blind, Blind},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g, c := recording(rules())
			if !g.Live().Allows(policy.Text) || g.Status().State != Recording || g.Status().App != "editor" {
				t.Fatalf("not recording: %+v", g.Status())
			}
			stop := c.step(time.Second)
			tt.stop(g, stop)
			if g.Live().Open() || g.Live().Why() != tt.why || g.Status().State != tt.state {
				t.Fatalf("live is %v, state %v", g.Live().Why(), g.Status().State)
			}
			start := c.step(time.Second)
			tt.start(g, start)
			if !g.Live().Open() {
				t.Fatalf("did not come back: %+v", g.Status())
			}
			for _, s := range []struct {
				at  policy.Moment
				d   time.Duration
				why policy.Reason
			}{
				{stop, -Band - 1, policy.Allowed}, {stop, -Band, policy.Edge}, {stop, -1, policy.Edge}, {stop, 0, tt.why}, {stop, Band, tt.why},
				{start, -1, tt.why}, {start, 0, policy.Edge}, {start, Band, policy.Edge}, {start, Band + 1, policy.Allowed},
			} {
				if p := judge(g, c, s.at, s.d, 1); p.Open() != (s.why == policy.Allowed) || p.Why() != s.why {
					t.Errorf("%v from the edge: open %v, %v; want %v", s.d, p.Open(), p.Why(), s.why)
				}
			}
		})
	}
}

// No band between two windows that one permit covers; one between two applications.
func TestWindowsOfOnePermit(t *testing.T) {
	g, c := recording(rules())
	second := c.step(time.Second)
	g.Focus(second, 2, "editor", policy.Allowed)
	other := c.step(time.Second)
	g.Focus(other, 3, "files", policy.Allowed)
	for _, s := range []struct {
		at     policy.Moment
		d      time.Duration
		window uint32
		why    policy.Reason
	}{
		{second, -1, 1, policy.Allowed}, {second, 0, 1, policy.Allowed}, {second, 0, 2, policy.Allowed}, {second, 1, 2, policy.Allowed},
		{second, -Band - 1, 2, policy.Blind}, {second, Band + 1, 1, policy.Blind}, {second, 0, 9, policy.Blind}, {second, 0, 0, policy.Blind},
		{other, -1, 2, policy.Edge}, {other, 0, 3, policy.Edge}, {other, Band, 3, policy.Edge}, {other, Band + 1, 3, policy.Allowed},
	} {
		if p := judge(g, c, s.at, s.d, s.window); p.Why() != s.why {
			t.Errorf("%v from the change, window %d: %v, want %v", s.d, s.window, p.Why(), s.why)
		}
	}
	if p := judge(g, c, other, Band+1, 3); p.Allows(policy.Text) || !p.Allows(policy.Frames) || p.App() != "files" {
		t.Error("files has not its own classes")
	}
}

// An unknown element takes the text, with its band, and nothing else.
func TestTextBlindTakesOnlyText(t *testing.T) {
	g, c := recording(rules())
	at := c.step(time.Second)
	g.TextBlind(at, true)
	if p := g.Live(); p.Allows(policy.Text) || !p.Allows(policy.Pointer) {
		t.Error("live is wrong")
	}
	for d, text := range map[time.Duration]bool{-Band - 1: true, -Band: false, 0: false, Band + 1: false} {
		if p := judge(g, c, at, d, 1); p.Allows(policy.Text) != text || !p.Allows(policy.Pointer) || !p.Allows(policy.Frames) {
			t.Errorf("%v from the edge: text %v", d, p.Allows(policy.Text))
		}
	}
}

// I6: a withdrawal, a change of rules and a doubt about the clock also reach back to what was not judged yet.
func TestBarriersReachBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*Gate)
		why  policy.Reason
		live policy.Reason
	}{
		{"withdraw", (*Gate).Withdraw, policy.NoConsent, policy.NoConsent},
		{"no rules", func(g *Gate) { g.SetRules(nil) }, policy.NoConsent, policy.NoConsent},
		{"other rules", func(g *Gate) { g.SetRules(makeRules(begin.Wall.AddDate(0, 2, 0))) }, policy.Edge, policy.Blind},
		{"doubt", func(g *Gate) { g.ClockDoubt(true) }, policy.Blind, policy.Blind},
		{"doubt dispelled", func(g *Gate) { g.ClockDoubt(true); g.ClockDoubt(false) }, policy.Edge, policy.Allowed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g, c := recording(rules())
			at := c.step(3 * time.Second)
			if p := g.Judge(at.Add(-time.Second), 1); !p.Open() {
				t.Fatalf("closed before: %v", p.Why())
			}
			tt.do(g)
			for _, d := range []time.Duration{-time.Second, -Band, 0, Band} {
				if p := judge(g, c, at, d, 1); p.Why() != tt.why {
					t.Errorf("%v: %v, want %v", d, p.Why(), tt.why)
				}
			}
			if why := g.Live().Why(); why != tt.live {
				t.Errorf("live: %v, want %v", why, tt.live)
			}
		})
	}
}

// The same rules again are no edge; new rules make capture report the focus anew, even with an old time.
func TestSetRulesAndFocus(t *testing.T) {
	g, c := recording(rules())
	at := c.step(time.Second)
	g.SetRules(rules())
	if p := judge(g, c, at, 0, 1); !p.Open() {
		t.Errorf("the same rules made an edge: %v", p.Why())
	}
	g.SetRules(makeRules(begin.Wall.AddDate(0, 2, 0)))
	g.Focus(begin, 1, "editor", policy.Allowed)
	if !g.Live().Open() {
		t.Errorf("a focus that is older than the rules was lost: %v", g.Live().Why())
	}
	g.Withdraw()
	g.SetRules(makeRules(begin.Wall.AddDate(0, 3, 0)))
	g.Focus(c.now(), 1, "editor", policy.Allowed)
	if !g.Live().Open() {
		t.Errorf("a new consent after withdrawal does not record: %v", g.Live().Why())
	}
}

func TestJudgeKnowsWhatItDoesNotKnow(t *testing.T) {
	g, c := recording(rules())
	now := c.step(10 * time.Minute)
	g.Tick()
	for d, why := range map[time.Duration]policy.Reason{
		time.Second: policy.Blind, 0: policy.Blind, -Band + 1: policy.Blind, -Band: policy.Allowed, -held: policy.Allowed,
		-time.Minute: policy.Allowed, -keep: policy.Blind, -9 * time.Minute: policy.Blind, -time.Hour: policy.Blind,
	} {
		if p := g.Judge(now.Add(d), 1); p.Why() != why {
			t.Errorf("%v ago: %v, want %v", -d, p.Why(), why)
		}
	}
	if (&Gate{}).live.Open() {
		t.Error("a zero gate is open")
	}
}

// A report that comes late, and one that claims the future.
func TestReportsOutOfOrder(t *testing.T) {
	g, c := recording(rules())
	now := c.step(time.Second)
	g.Focus(now, 1, "editor", policy.Allowed)
	g.Focus(now.Add(-100*time.Millisecond), 2, "", policy.NotAgreed)
	if !g.Live().Open() {
		t.Error("a late report replaced a newer one")
	}
	if p := judge(g, c, now, -50*time.Millisecond, 1); p.Why() != policy.NotAgreed {
		t.Errorf("the late report is not in the history: %v", p.Why())
	}
	g.Secret(c.now().Add(time.Hour), true)
	if g.Live().Why() != policy.Secret {
		t.Error("a report from the future does not hold now")
	}
	g.Secret(c.now(), false)
	if !g.Live().Open() {
		t.Error("a report from the future outlives a later one")
	}
}

// Hours, the end of a pause and the expiry come from the clock alone.
func TestEdgesOfTheClock(t *testing.T) {
	g, c := recording(rules())
	closing := time.Date(2026, 12, 2, 17, 0, 0, 0, time.UTC)
	if got := g.NextEdge(); !got.Equal(closing) {
		t.Fatalf("next edge is %v", got)
	}
	until := c.now().Wall.Add(time.Minute)
	g.Pause(until)
	if s := g.Status(); !g.NextEdge().Equal(until) || !s.PausedUntil.Equal(until) || s.State != Paused {
		t.Errorf("paused: %+v, edge %v", s, g.NextEdge())
	}
	end := c.step(time.Minute)
	g.Tick()
	if s := g.Status(); s.State != Recording || !s.PausedUntil.IsZero() {
		t.Errorf("after the pause: %+v", s)
	}
	for d, why := range map[time.Duration]policy.Reason{-1: policy.IsPaused, 0: policy.Edge, Band: policy.Edge, Band + 1: policy.Allowed} {
		if p := judge(g, c, end, d, 1); p.Why() != why {
			t.Errorf("%v after the pause: %v, want %v", d, p.Why(), why)
		}
	}
	shut := c.step(closing.Sub(c.now().Wall))
	for d, why := range map[time.Duration]policy.Reason{-Band - 1: policy.Allowed, -Band: policy.Edge, 0: policy.OutOfHours} {
		if p := judge(g, c, shut, d, 1); p.Why() != why {
			t.Errorf("%v after the hours: %v, want %v", d, p.Why(), why)
		}
	}
}

// A clock that is set back does not revive rules that were seen to expire.
func TestExpiredStays(t *testing.T) {
	r := makeRules(begin.Wall.Add(time.Minute))
	g, c := recording(r)
	c.step(time.Hour)
	g.Tick()
	if s := g.Status(); s.State != Expired || s.Words != policy.Expired.Words() {
		t.Fatalf("%+v", s)
	}
	c.mu.Lock()
	c.at.Wall = begin.Wall
	c.mu.Unlock()
	g.Tick()
	at := c.step(10 * time.Second)
	if g.Status().State != Expired || g.Live().Open() || judge(g, c, at, 0, 1).Open() || !g.NextEdge().IsZero() {
		t.Errorf("a clock set back revived the consent: %+v, edge %v", g.Status(), g.NextEdge())
	}
	g.SetRules(rules())
	g.Focus(c.now(), 1, "editor", policy.Allowed)
	if g.Status().State != Recording {
		t.Errorf("new rules do not lead out: %+v", g.Status())
	}
}

func TestStatesBeforeRules(t *testing.T) {
	c := &clock{at: begin}
	g := New(c.now)
	if g.Status().State != Off || g.Live().Open() || g.Live().Why() != policy.NoConsent {
		t.Errorf("a new gate: %+v", g.Status())
	}
	g.Asking("more is asked")
	if g.Status().State != Consenting || g.Status().Words != "more is asked" || g.Live().Open() {
		t.Errorf("asking: %+v", g.Status())
	}
	g.Display(false, "input: unavailable")
	g.SetRules(rules())
	g.Asking("")
	if s := g.Status(); s.State != Blind && s.Words != "input: unavailable" {
		t.Errorf("without a display: %+v", s)
	}
}

// A clock that is set while the gate works closes it, and what came before is not judged by the new time.
func TestDoubtIsAskedAtEveryReading(t *testing.T) {
	g, c := recording(rules())
	doubt := false
	g.Distrust(func() bool { return doubt })
	changed, stop := g.Watch()
	defer stop()
	at := c.step(time.Second)
	if p := judge(g, c, at, 0, 1); !p.Open() {
		t.Fatalf("closed before: %v", p.Why())
	}
	doubt = true
	if p := judge(g, c, at, 0, 1); p.Why() != policy.Blind {
		t.Errorf("an event of before the jump: %v", p.Why())
	}
	if s := g.Status(); s.State != Blind || s.Words != "clock was set" || g.Live().Open() || len(changed) != 1 {
		t.Errorf("after the jump: %+v", s)
	}
	doubt = false
	if g.Live().Open() {
		t.Error("the doubt went by itself")
	}
	g.ClockDoubt(false)
	if !g.Live().Open() {
		t.Errorf("the person confirmed: %v", g.Live().Why())
	}
}

// Outside the hours, and after the end of consent or policy, the state and the words say which of the two it is, whatever else is
// wrong with the machine.
func TestHoursAndExpiryAreSaid(t *testing.T) {
	closing := time.Date(2026, 12, 2, 17, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		at    time.Time
		state State
		words string
	}{
		"inside":               {closing.Add(-time.Second), Recording, "recording"},
		"after the hours":      {closing, Excluded, "outside agreed hours"},
		"another weekday":      {closing.Add(24 * time.Hour), Excluded, "outside agreed hours"},
		"expired":              {closing.AddDate(0, 3, 0), Expired, "consent has ended"},
		"expired in the hours": {begin.Wall.AddDate(0, 0, 7*6), Expired, "consent has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, blind := range []bool{false, true} {
				g, c := recording(rules())
				if blind && tc.state != Recording {
					g.Display(false, "no display")
					g.Indicator(c.now(), false)
				}
				c.step(tc.at.Sub(c.now().Wall))
				if s := g.Status(); s.State != tc.state || s.Words != tc.words {
					t.Errorf("blind %v: %v, %q", blind, s.State, s.Words)
				}
			}
		})
	}
	g, c := recording(rules())
	g.Pause(time.Time{})
	c.step(closing.AddDate(0, 3, 0).Sub(c.now().Wall))
	if s := g.Status(); s.State != Expired {
		t.Errorf("paused over the end: %v; a person would think that resuming records again", s.State)
	}
}

// TestZoneMovesTheHours: in another zone what is agreed to by the clock on the wall begins and ends at other instants. Whoever sleeps until
// an edge is told, also if recording goes on, and nothing from before is judged by the new zone.
func TestZoneMovesTheHours(t *testing.T) {
	g, c := recording(rules())
	move := func(hours int) {
		zone := time.FixedZone("", hours*60*60)
		c.mu.Lock()
		c.at.Wall = c.at.Wall.In(zone)
		c.mu.Unlock()
		c.step(time.Second)
	}
	if !g.Live().Open() {
		t.Fatal("not recording at 11:00")
	}
	before, edge := c.now(), g.NextEdge()
	changed, stop := g.Watch()
	defer stop()
	move(3)
	if !g.Live().Open() {
		t.Fatal("not recording at 14:00")
	}
	select {
	case <-changed:
	default:
		t.Error("whoever sleeps until the end of the hours is not told that it is another instant")
	}
	if next := g.NextEdge(); !next.Equal(edge.Add(-3 * time.Hour)) {
		t.Errorf("the hours end at %v, in the zone before at %v", next, edge)
	}
	if p := judge(g, c, before, 0, 1); p.Open() {
		t.Error("what was done before is judged by another zone")
	}
	c.step(time.Second)
	if p := judge(g, c, c.now(), 0, 1); !p.Open() {
		t.Errorf("what is done after it is not recorded: %v", p.Why())
	}
	move(10)
	if why := g.Live().Why(); why != policy.OutOfHours {
		t.Errorf("at 21:00 by the clock on the wall: %v", why)
	}
}
