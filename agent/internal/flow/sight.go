package flow

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/agent/internal/capture"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/hotkey"
	"github.com/byleave/byleave/agent/internal/indicator"
	"github.com/byleave/byleave/agent/internal/session"
)

// Stages 1 and 2: the mark, and capture under the gate's permits. Without a consent no display is opened.

// The agent looks again for a display that is missing or died: soon at first, then seldom. A session that hands itself over
// is looked at without delay.
const (
	lookAgain     = time.Second
	lookAgainMost = time.Minute
)

// errOther ends a look: another session was handed over.
var errOther = errors.New("another session was handed over")

// runSight captures while there is a consent and a display, and says in the status why it does not.
func (a *agent) runSight(ctx context.Context) error {
	changed, unwatch := a.gate.Watch()
	defer unwatch()
	pause := lookAgain
	if err := capture.Unavailable(); err != nil { // it stays so while this program runs, so nothing is looked for again
		a.gate.Display(false, err.Error())
		a.log.Warn("no sight of the desktop", "why", err.Error())
		<-ctx.Done()
		return nil
	}
	for ctx.Err() == nil {
		if a.rules.Load() == nil || a.gate.Status().State == gate.Expired { // a consent that ends while the mark is up keeps it up
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
		if errors.Is(err, errOther) {
			pause = lookAgain
			continue
		}
		a.gate.Display(false, err.Error())
		a.log.Warn("no sight of the desktop", "why", err.Error())
		if time.Since(began) > lookAgainMost {
			pause = lookAgain
		}
		if !wait(ctx, a.handed, pause) {
			break
		}
		pause = min(2*pause, lookAgainMost)
	}
	return nil
}

// look opens the display, shows the mark and captures, until the consent goes, the display dies or another session takes its place.
func (a *agent) look(ctx context.Context) error {
	desk := a.enter(ctx)
	switch {
	case desk.Wayland():
		return fmt.Errorf("input: unavailable (wayland); log in with an Xorg session to take part")
	case desk.Display == "":
		return fmt.Errorf("no display; run `byleave session` in your desktop session, or set DISPLAY")
	}
	mark, err := indicator.Open(desk.Display, filepath.Join(a.cfg.Home, "mark.json"))
	if err != nil {
		return err
	}
	key, err := hotkey.Open(desk.Display, a.cfg.Hotkey)
	if err != nil {
		mark.Close()
		return err
	}
	a.key.Store(key)
	ctx, cancel := context.WithCancel(ctx)
	var showing stage
	showing.run(cancel, func() error { return a.runMark(ctx, mark) })
	showing.run(cancel, func() error { return a.runOther(ctx, desk) })
	showing.run(cancel, func() error { return a.runHotkey(ctx, key) })
	defer func() {
		cancel()
		_ = showing.wait() // look returns it
		a.key.Store(nil)
		key.Close()
		mark.Close()
		a.marked.Store(false) // the next mark must be seen anew
		a.gate.Indicator(a.clock.now(), false)
	}()
	eye := capture.New(capture.Options{
		Display: desk.Display, Gate: a.gate, Rules: a.rules.Load, Mark: mark, Hotkey: key, Typed: a.typed, Pace: a.pace, Log: a.log,
	})
	defer a.typed("")
	a.runEye(ctx, eye)
	cancel()
	return showing.wait()
}

// runEye captures until ctx ends. What makes it blind leaves the mark where it is: it says so, and does not come and go with each
// look. A display that died ends the mark, and with it ctx.
func (a *agent) runEye(ctx context.Context, eye *capture.Capture) {
	for pause := lookAgain; ; pause = min(2*pause, lookAgainMost) {
		a.gate.Display(true, "")
		began := time.Now()
		err := eye.Run(ctx, a.pipe.Push)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.log.Warn("no sight of the desktop", "why", err.Error())
		if time.Since(began) > lookAgainMost {
			pause = lookAgain
		}
		if !wait(ctx, nil, pause) {
			return
		}
	}
}

// known is the session that was handed over; if none was, the one that the service manager knows of.
func (a *agent) known(ctx context.Context) session.Session {
	s := *a.desktop.Load()
	if s.Display != "" || s.Wayland() {
		return s
	}
	found, err := session.OfManager(ctx)
	if err != nil {
		a.log.Info("no session is known", "why", err.Error())
		return s
	}
	return found
}

// enter makes the session that is known the one of this process.
func (a *agent) enter(ctx context.Context) session.Session {
	select {
	case <-a.handed: // what it tells of is read here
	default:
	}
	s := a.known(ctx)
	if err := s.Enter(); err != nil {
		a.log.Warn("the session cannot be entered", "why", err.Error())
		return session.Session{}
	}
	signal(a.again) // it may have brought the session bus that the tray lacked
	return s
}

// runOther ends the look at one session when a different one was handed over.
func (a *agent) runOther(ctx context.Context, now session.Session) error {
	for wait(ctx, a.handed, 0) {
		if *a.desktop.Load() != now {
			return errOther
		}
	}
	return nil
}

// runMark keeps the mark true: what it shows follows the gate, and a mark that cannot be seen closes the gate.
func (a *agent) runMark(ctx context.Context, mark *indicator.Mark) error {
	changed, unwatch := a.gate.Watch()
	defer unwatch()
	var lasting linger
	for ctx.Err() == nil {
		if a.rules.Load() == nil {
			return fmt.Errorf("there is no consent any more")
		}
		s := a.gate.Status()
		words, left := a.saying(s)
		face, retry := lasting.next(indicator.Face{State: s.State.String(), Words: words}, time.Now())
		if err := mark.Show(face); err != nil {
			return err
		}
		seen := mark.Prove()
		if seen != a.marked.Swap(seen) {
			a.gate.Indicator(a.clock.now(), seen)
			continue
		}
		if retry == 0 {
			retry = left
		}
		if !seen {
			retry = lookAgain
		}
		if !a.waitMark(ctx, changed, mark, retry) {
			break
		}
	}
	return nil
}

// leastShown is how long the mark says that it records, even if it was for one frame.
const leastShown = 2 * time.Second

// linger keeps the face of recording on the mark long enough to be seen.
type linger struct {
	face  indicator.Face
	since time.Time // when its state came on
}

// next is the face to show now for what holds now, and when to ask again (0: at the next change). What the person did
// themselves is shown at once.
func (l *linger) next(f indicator.Face, now time.Time) (indicator.Face, time.Duration) {
	left := l.since.Add(leastShown).Sub(now)
	switch f.State {
	case gate.Excluded.String(), gate.Blind.String(), gate.Expired.String():
		if l.face.State == gate.Recording.String() && left > 0 {
			return l.face, left
		}
	}
	if f.State != l.face.State {
		l.since = now
	}
	l.face = f
	return f, 0
}

// runHotkey pauses, or resumes what is paused, at each press of the combination.
func (a *agent) runHotkey(ctx context.Context, key *hotkey.Key) error {
	if words := key.Words(); words != "" {
		a.log.Warn("the hotkey does nothing", "why", words)
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, ok := <-key.Pressed():
			if !ok {
				return fmt.Errorf("the hotkey's connection to the display broke off")
			}
		}
		if err := a.toggle(); err != nil {
			a.log.Warn("what the hotkey asked for is not durable", "why", err.Error())
		}
	}
}

// typed notes why no typed text can be recorded now. Capture says it in its log.
func (a *agent) typed(why string) { a.untyped.Store(&why) }

func (a *agent) toggle() error {
	if a.gate.Status().State == gate.Paused {
		return a.endPause()
	}
	return a.beginPause(time.Time{})
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
	return edges(ctx, a.gate, a.clock, func() { a.settleIfStopped(ctx) })
}

// edges calls after each time that the gate changed, whether somebody told it of something or the clock alone did it.
func edges(ctx context.Context, g *gate.Gate, c *clock, after func()) error {
	changed, unwatch := g.Watch()
	defer unwatch()
	for {
		var sleep time.Duration
		if next := g.NextEdge(); !next.IsZero() {
			sleep = max(next.Sub(c.now().Wall), time.Millisecond)
		}
		if !wait(ctx, changed, sleep) {
			return nil
		}
		g.Tick()
		after()
	}
}

// settleIfStopped closes the batch early when the person or the clock ended recording; between windows it stays open.
func (a *agent) settleIfStopped(ctx context.Context) {
	state := a.gate.Status().State
	if was := gate.State(a.settled.Swap(int32(state))); was == state {
		return
	}
	if !stopped(state) {
		return
	}
	if err := a.settle(ctx); err != nil {
		a.troubled(err)
	}
}

// stopped tells whether the person or the clock ended recording, so that no batch stays open.
func stopped(s gate.State) bool {
	return s != gate.Recording && s != gate.Excluded && s != gate.Blind
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
