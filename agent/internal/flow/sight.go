package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/capture"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/indicator"
)

// Stages 1 and 2: the mark, and capture under the gate's permits. Without a consent no display is opened.

// The agent looks again for a display that is missing or died: soon at first, then seldom.
const (
	lookAgain     = time.Second
	lookAgainMost = 15 * time.Second
)

// runSight captures while there is a consent and a display, and says in the status why it does not.
func (a *agent) runSight(ctx context.Context) error {
	changed, unwatch := a.gate.Watch()
	defer unwatch()
	pause := lookAgain
	for ctx.Err() == nil {
		if a.rules.Load() == nil {
			if !wait(ctx, changed, 0) {
				break
			}
			continue
		}
		began := time.Now()
		err := a.look(ctx)
		if ctx.Err() != nil || a.rules.Load() == nil {
			continue
		}
		a.gate.Display(false, err.Error())
		a.log.Warn("no sight of the desktop", "why", err.Error())
		if time.Since(began) > lookAgainMost {
			pause = lookAgain
		}
		if !wait(ctx, nil, pause) {
			break
		}
		pause = min(2*pause, lookAgainMost)
	}
	return nil
}

// look opens the display, shows the mark and captures, until the consent goes or the display dies.
func (a *agent) look(ctx context.Context) error {
	if a.cfg.Display == "" {
		if a.cfg.Session == "wayland" {
			return fmt.Errorf("input: unavailable (wayland); log in with an Xorg session to take part")
		}
		return fmt.Errorf("no display; start the agent in your desktop session, or set DISPLAY")
	}
	mark, err := indicator.Open(a.cfg.Display)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var showing stage
	showing.run(cancel, func() error { return a.runMark(ctx, mark) })
	defer func() {
		cancel()
		showing.wait()
		mark.Close()
		a.marked.Store(false) // the next mark must be seen anew
		a.gate.Indicator(a.clock.now(), false)
	}()
	a.gate.Display(true, "")
	eye := capture.New(capture.Options{
		Display: a.cfg.Display, Gate: a.gate, Rules: a.rules.Load, Mark: mark, Log: a.log,
	})
	if err := eye.Run(ctx, a.pipe.Push); err != nil {
		return err
	}
	return showing.err
}

// runMark keeps the mark true: what it shows follows the gate, and a mark that cannot be seen closes the gate.
func (a *agent) runMark(ctx context.Context, mark *indicator.Mark) error {
	changed, unwatch := a.gate.Watch()
	defer unwatch()
	var retry time.Duration
	for ctx.Err() == nil {
		if a.rules.Load() == nil {
			return fmt.Errorf("there is no consent any more")
		}
		s := a.gate.Status()
		words, left := a.saying(s)
		err := mark.Show(indicator.Face{State: s.State.String(), Words: words})
		if err != nil {
			return err
		}
		seen := mark.Prove()
		if seen != a.marked.Swap(seen) {
			a.gate.Indicator(a.clock.now(), seen)
			continue
		}
		retry = left
		if !seen {
			retry = lookAgain
		}
		if !a.waitMark(ctx, changed, mark, retry) {
			break
		}
	}
	return nil
}

// waitMark waits until the gate changed, the mark was covered, or retry passed (0: never). False when ctx ended.
func (a *agent) waitMark(ctx context.Context, changed <-chan struct{}, mark *indicator.Mark, retry time.Duration) bool {
	var again <-chan time.Time
	if retry > 0 {
		t := time.NewTimer(retry)
		defer t.Stop()
		again = t.C
	}
	select {
	case <-changed:
	case <-a.spoke:
	case <-mark.Lost():
		a.marked.Store(false)
		a.gate.Indicator(a.clock.now(), false)
	case <-again:
	case <-ctx.Done():
		return false
	}
	return true
}

// runEdges lets the gate look again when an hour begins or ends, and when a pause does.
func (a *agent) runEdges(ctx context.Context) error {
	changed, unwatch := a.gate.Watch()
	defer unwatch()
	for {
		var sleep time.Duration
		a.remind()
		if next := a.nextEdge(); !next.IsZero() {
			sleep = max(time.Until(next), time.Millisecond)
		}
		if !wait(ctx, changed, sleep) {
			return nil
		}
		a.gate.Tick()
		a.settleIfStopped(ctx)
	}
}

// settleIfStopped closes the batch early when the person or the clock ended recording; between windows it stays open.
func (a *agent) settleIfStopped(ctx context.Context) {
	state := a.gate.Status().State
	if was := gate.State(a.settled.Swap(int32(state))); was == state {
		return
	}
	switch state {
	case gate.Recording, gate.Excluded, gate.Blind:
		return
	}
	if err := a.settle(ctx); err != nil {
		a.troubled(err)
	}
}

// wait returns true when c fires or d passed (0: never), false when ctx ended.
func wait(ctx context.Context, c <-chan struct{}, d time.Duration) bool {
	var timer <-chan time.Time
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-c:
		return true
	case <-timer:
		return true
	case <-ctx.Done():
		return false
	}
}
