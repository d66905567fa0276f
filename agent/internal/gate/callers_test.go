package gate

import (
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
)

// The table at next, row by row.
func TestNextIsTheTable(t *testing.T) {
	column := map[policy.Reason]State{
		policy.NoConsent: Off, policy.IsPaused: Paused, policy.Expired: Expired, policy.Allowed: Recording,
		policy.NotAgreed: Excluded, policy.Excluded: Excluded, policy.Secret: Excluded, policy.OutOfHours: Excluded,
		policy.Blind: Blind, policy.NoIndicator: Blind, policy.DiskTrouble: Blind, policy.Edge: Blind, policy.Lost: Blind,
	}
	for cur := Off; cur <= Expired; cur++ {
		for why, to := range column {
			for _, renewed := range []bool{false, true} {
				want := to
				if stays := cur == Off || cur == Consenting || cur == Expired; stays && !renewed && why != policy.NoConsent {
					want = cur
				}
				if got := next(cur, why, false, renewed); got != want {
					t.Errorf("%v, %v, renewed %v: %v, want %v", cur, why, renewed, got, want)
				}
			}
		}
		if next(cur, policy.NoConsent, true, false) != Consenting {
			t.Errorf("%v: an open question does not show", cur)
		}
	}
}

func TestWatchersAreWokenOnce(t *testing.T) {
	g, c := recording(rules())
	one, stopOne := g.Watch()
	two, stopTwo := g.Watch()
	defer stopTwo()
	g.Pause(time.Time{})
	g.Secret(c.now(), false)
	for _, w := range []<-chan struct{}{one, two} {
		if len(w) != 1 {
			t.Errorf("%d wake-ups after one change", len(w))
		}
		<-w
	}
	g.Pause(time.Time{})
	g.Tick()
	if len(one) != 0 {
		t.Error("woken without a change")
	}
	stopOne()
	g.Resume()
	if len(one) != 0 || len(two) != 1 {
		t.Error("a stopped watcher was woken, or a live one not")
	}
}

// A flood of reports shortens the history and never the memory of what is not known.
func TestFloodIsBounded(t *testing.T) {
	g, c := recording(rules())
	for range 3 * mostPoints {
		g.Focus(c.step(time.Millisecond), 1, "editor", policy.Allowed)
	}
	if n := len(g.history.focus); n > mostPoints {
		t.Errorf("%d points are kept", n)
	}
	now := c.now()
	if p := g.Judge(now.Add(-held), 1); !p.Open() {
		t.Errorf("the newest time is lost: %v", p.Why())
	}
	if p := g.Judge(now.Add(-2*mostPoints*time.Millisecond), 1); p.Why() != policy.Blind {
		t.Errorf("what was forgotten is judged: %v", p.Why())
	}
}

// Everybody at once, under the race detector.
func TestManyCallers(t *testing.T) {
	g, c := recording(rules())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				at := c.step(time.Millisecond)
				switch (i + n) % 8 {
				case 0:
					g.Focus(at, uint32(n), "editor", policy.Allowed)
				case 1:
					g.Secret(at, n%2 == 0)
				case 2:
					g.Pause(at.Wall.Add(time.Second))
				case 3:
					g.Resume()
				case 4:
					_, stop := g.Watch()
					stop()
				case 5:
					g.Judge(at.Add(-held), 1)
				case 6:
					g.Status()
					g.NextEdge()
				case 7:
					g.Live()
				}
			}
		})
	}
	all.Wait()
	g.Pause(time.Time{})
	if g.Live().Open() {
		t.Error("paused and open")
	}
}
