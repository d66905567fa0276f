package gate

import (
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
	"pgregory.net/rapid"
)

// report is one call to the gate. Wall and boot run alike in this test.
type report struct {
	at   time.Duration // what the report is of, after begin
	what int
	n    int
}

func (r report) tell(g *Gate) {
	at := begin.Add(r.at)
	switch r.what {
	case 0:
		f := modelFocus(r.n)
		g.Focus(at, f.window, f.app, f.why)
	case 1:
		g.Secret(at, r.n%2 == 1)
	case 2:
		g.TextBlind(at, r.n%2 == 1)
	case 3:
		g.Indicator(at, r.n%2 == 1)
	case 4:
		g.Durable(r.n%4 != 0)
	case 5:
		g.Lock(r.n%4 == 0)
	case 6:
		g.Pause(modelUntil(r))
	case 7:
		g.Resume()
	}
}

func modelFocus(n int) focus {
	return []focus{
		{1, "editor", policy.Allowed}, {2, "editor", policy.Allowed}, {3, "files", policy.Allowed}, {4, "", policy.NotAgreed},
		{1, "editor", policy.Allowed}, {0, "", policy.Blind}, {5, "", policy.Excluded}, {2, "editor", policy.Allowed},
	}[n%8]
}

func modelUntil(r report) time.Time {
	if r.n%2 == 0 {
		return time.Time{}
	}
	return begin.Wall.Add(r.at).Add(time.Duration(r.n) * 90 * time.Millisecond)
}

// model is the slow reference: it replays all reports up to an instant, written without the gate's own types of history.
type model []report

// at answers for one instant, when only those of its own reports have been told that stand before upTo.
func (m model) at(t time.Duration, upTo int) (window uint32, app string, classes map[policy.Class]bool) {
	var f focus
	var until time.Time
	secret, blind, mark, disk, locked, paused := false, false, true, true, false, false
	f = modelFocus(0)
	for i, r := range m {
		if r.at > t || r.at == t && i >= upTo {
			continue
		}
		switch r.what {
		case 0:
			f = modelFocus(r.n)
		case 1:
			secret = r.n%2 == 1
		case 2:
			blind = r.n%2 == 1
		case 3:
			mark = r.n%2 == 1
		case 4:
			disk = r.n%4 != 0
		case 5:
			locked = r.n%4 == 0
		case 6:
			paused, until = true, modelUntil(r)
		case 7:
			paused = false
		}
	}
	if paused && !until.IsZero() && !begin.Wall.Add(t).Before(until) {
		paused = false
	}
	if secret || !mark || !disk || locked || paused || f.app == "" {
		return f.window, "", nil
	}
	classes = map[policy.Class]bool{policy.Pointer: true, policy.Hotkeys: true, policy.Frames: true, policy.Elements: true}
	classes[policy.Text] = f.app == "editor" && !blind
	return f.window, f.app, classes
}

// judge asks about every tick of the band and about both sides of every report in it.
func (m model) judge(t time.Duration, window uint32) map[policy.Class]bool {
	_, own, out := m.at(t, len(m))
	seen := false
	look := func(at time.Duration, upTo int) {
		w, app, classes := m.at(at, upTo)
		seen = seen || w == window
		if app == "" || app != own {
			out = nil
		}
		for c := range out {
			out[c] = out[c] && classes[c]
		}
	}
	look(t-Band-1, len(m))
	for at := t - Band; at <= t+Band; at += tick {
		for n := range len(m) + 1 {
			look(at, n)
		}
	}
	if !seen {
		return nil
	}
	return out
}

// tick is the unit of time in this test; everything happens on one.
const tick = 10 * time.Millisecond

// I2, I6, I7: random histories, told in order, against the slow reference.
func TestJudgeAgainstTheModel(t *testing.T) {
	opened := 0
	rapid.Check(t, func(rt *rapid.T) {
		c := &clock{at: begin.Add(-time.Minute)}
		g := New(c.now)
		g.SetRules(rules())
		g.Display(true, "")
		g.Durable(true)
		g.Indicator(c.now(), true)
		g.Focus(c.now(), 1, "editor", policy.Allowed)
		c.step(time.Minute)
		var m model
		end := time.Duration(0)
		for range rapid.IntRange(0, 8).Draw(rt, "reports") {
			end += tick * time.Duration(rapid.IntRange(1, 60).Draw(rt, "after"))
			r := report{at: end, what: rapid.IntRange(0, 7).Draw(rt, "what"), n: rapid.IntRange(0, 7).Draw(rt, "n")}
			c.step(end + begin.Boot - c.now().Boot)
			r.tell(g)
			m = append(m, r)
		}
		c.step(2 * time.Second)
		for range 6 {
			at := tick * time.Duration(rapid.IntRange(-50, int((end+time.Second)/tick)).Draw(rt, "event"))
			window := uint32(rapid.IntRange(1, 4).Draw(rt, "window"))
			p, want := g.Judge(begin.Add(at), window), m.judge(at, window)
			for _, class := range policy.AllClasses() {
				if p.Allows(class) != want[class] {
					rt.Fatalf("event at %v in window %d: %v allowed is %v, the model says %v (%v)\n%+v", at, window, class, p.Allows(class), want[class], p.Why().Words(), m)
				}
			}
			if p.Open() {
				opened++
			}
		}
	})
	if opened == 0 {
		t.Error("nothing was ever allowed: nothing was tested")
	}
}
