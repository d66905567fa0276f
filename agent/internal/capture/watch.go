package capture

import (
	"context"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/policy"
)

// watch is what is listened to, and under which permit.
type watch struct {
	live   policy.Permit
	on     bool
	window uint32
	shut   *span // the time that is not permitted, while it lasts
}

// follow turns the listening on and off with the permit, and keeps account of the time that is not permitted.
func (l *loop) follow(now policy.Moment) {
	w := &l.watch
	w.live = l.opt.Gate.Live()
	if w.live.Open() {
		l.endShut(now)
		l.listen(l.sight.focus.Window)
		return
	}
	if w.on {
		l.red.abandon(policy.Edge)
		l.red.typing.deafen(l.sight.focus.Window, now)
		l.out.left()
	}
	l.shut()
	if w.live.Why() == policy.NoConsent {
		l.out.forget()
	}
	l.beginShut(now, w.live.Why())
}

// listen lets keys and pointer of the window in, and its pixels.
func (l *loop) listen(window uint32) {
	w := &l.watch
	if !w.on {
		if err := l.d.Record(true); err != nil {
			l.fail("listen", err)
			return
		}
		l.seek.tries = 0
		l.own = own{}
		w.on, l.red.typing.deaf = true, l.now()
	}
	if w.window != window {
		if err := l.d.Watch(window); err != nil {
			l.fail("watch the window", err)
			return
		}
		w.window = window
	}
}

// shut lets nothing in, and has the display forget what it kept of the window.
func (l *loop) shut() {
	w := &l.watch
	if w.on {
		w.on = false
		if err := l.d.Record(false); err != nil {
			l.fail("stop listening", err)
		}
	}
	if w.window != 0 {
		w.window = 0
		if err := l.d.Watch(0); err != nil {
			l.fail("stop watching", err)
		}
	}
}

func (l *loop) fail(what string, err error) {
	if l.fault == nil {
		l.fault = fmt.Errorf("capture: cannot %s: %w", what, err)
	}
}

// beginShut opens a gap. Without a consent there is none: nothing about that time is recorded, not even that it was.
func (l *loop) beginShut(now policy.Moment, why policy.Reason) {
	w := &l.watch
	if w.shut != nil && w.shut.why == why {
		return
	}
	l.endShut(now)
	if why == policy.NoConsent || why == policy.Expired {
		return
	}
	w.shut = &span{from: now, why: why}
	l.out.closed(w.shut)
}

func (l *loop) endShut(now policy.Moment) {
	if s := l.watch.shut; s != nil {
		s.until, s.over = now, true
		l.watch.shut = nil
	}
}

// input takes in one event of a key or the pointer.
func (l *loop) input(e x11.Event) {
	in, ok := inputOf(e)
	if !ok || !l.watch.on || l.own.drops(e, l.opt.Hotkey) || in.deed == motion && len(l.red.down) == 0 {
		return
	}
	now := l.now()
	if !l.prove(now) {
		l.follow(now)
		return
	}
	if in.deed == keyDown {
		l.look(now)
	}
	in.place = l.sight.place
	if in.deed == buttonDown && !l.d.Owns(in.place.window, in.x, in.y) {
		l.red.part() // on a frame, a panel or another window: no action of this one
		return
	}
	again := l.red.open
	a := l.red.add(in)
	if a == nil {
		return
	}
	h := held{at: in.at, from: now, window: in.place.window, a: a}
	if in.deed == buttonDown {
		h.press = in.stamp
	}
	l.back.put(h)
	l.after(a, in, a == again)
	if in.deed == keyDown && len(a.step.Keys) > 0 && a.step.Kind == raw.Text {
		l.beat(a, now)
	}
}

func inputOf(e x11.Event) (input, bool) {
	deeds := map[x11.EventKind]deed{
		x11.KeyPress: keyDown, x11.KeyRelease: keyUp, x11.ButtonPress: buttonDown, x11.ButtonRelease: buttonUp, x11.Motion: motion,
	}
	d, ok := deeds[e.Kind]
	return input{deed: d, at: e.At, stamp: e.Time, button: e.Button, x: e.X, y: e.Y, state: e.State, sym: e.Sym, char: e.Rune,
		repeat: e.Repeat}, ok
}

// after says when the frame after an action is wanted: at once for what has happened, at its end for what goes on.
func (l *loop) after(a *action, in input, joined bool) {
	if !l.watch.live.Allows(policy.Frames) {
		return
	}
	switch {
	case in.deed == buttonDown && joined && a.step.Kind == raw.Click:
		l.cam.again(a)
	case in.deed == buttonUp && (a.step.Kind == raw.Click || a.step.Kind == raw.Drag), in.deed == keyDown && a.step.Kind == raw.Hotkey && !joined:
		l.cam.wants(a, in.at)
	}
}

// began is told by the reducer: the frame before is taken now, and the element is asked for.
func (l *loop) began(a *action, in input) {
	l.out.action(a)
	a.step.Window.Rect = l.d.Rect(a.place.window)
	typing := a.step.Kind == raw.Text
	switch {
	case typing && a.refused():
		l.seek.tries = min(l.seek.tries, seekMost-1) // worth one more question
		return                                       // nothing will be told of it
	case typing || a.step.Kind == raw.Hotkey:
		a.step.Element = in.place.element
	default:
		l.under(a, in)
	}
	if l.watch.live.Allows(policy.Frames) {
		l.cam.begin(a, in)
	}
}

// ended is told by the reducer: a run of keys or notches gets its frame after now.
func (l *loop) ended(a *action) {
	if a.denied != policy.Allowed || !l.watch.live.Allows(policy.Frames) {
		return
	}
	if a.step.Kind == raw.Scroll || a.step.Kind == raw.Text && len(a.step.Keys) > 0 {
		l.cam.wants(a, a.last)
	}
}

// took is told by the camera: a frame is judged at the moment that it shows.
func (l *loop) took(a *action, p part, at policy.Moment, window uint32) {
	l.back.put(held{at: at, from: l.now(), window: window, a: a, part: p})
	shot := a.step.Before
	if p == afterPart {
		shot = a.step.After
	}
	l.askSays(a, shot)
}

// mark remembers when the indicator was last proved to be seen.
type mark struct {
	at    policy.Moment
	shown bool
	told  bool
}

// prove tells whether the mark can be seen, by a proof that is at most 2 s old. That it cannot is reported as of the last
// proof: nobody knows when it went.
func (l *loop) prove(now policy.Moment) bool {
	m := &l.mark
	if m.told && m.shown && now.Boot-m.at.Boot <= proofAge {
		return true
	}
	seen := l.opt.Mark.Prove()
	since := now
	if !seen && m.shown {
		since = m.at
	}
	if !m.told || seen != m.shown {
		l.opt.Gate.Indicator(since, seen)
	}
	*m = mark{at: now, shown: seen, told: true}
	return seen
}

// retry looks for the mark again, and at a terminal again that asked for a password.
func (l *loop) retry(now policy.Moment) {
	if at, ok := l.mark.due(); ok && now.Boot >= at && l.prove(now) {
		l.follow(now)
	}
	if at, ok := l.sight.due(); ok && now.Boot >= at {
		l.look(now)
	}
}

// due is when a mark that was not seen is looked for again.
func (m *mark) due() (time.Duration, bool) { return m.at.Boot + proofAge, m.told && !m.shown }

// maxAsked bounds how many questions for an element are under way.
const maxAsked = 4

// answer is what a question to the accessibility bus gave.
type answer struct {
	a       *action // the element under its press, nil for another question
	element raw.Element
	asked   policy.Moment
	alive   bool
	leaf    uint64 // the element that was asked, and
	secret  bool   // it is a password field
	found   *found // the focused element
	says    *answered
}

// under asks for the element under a press, in a goroutine of its own: an application may hang.
func (l *loop) under(a *action, in input) {
	if l.s == nil || l.pulse.lookups >= maxAsked || !l.watch.live.Allows(policy.Elements) {
		return
	}
	pid, last := l.sight.focus.PID, l.sight.leaf.ID
	l.pulse.lookups++
	a.asked++
	s, done, answers := l.s, l.done, l.answers
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), elementWait)
		defer cancel()
		e, _ := s.Under(ctx, pid, last, in.x, in.y)
		select {
		case answers <- answer{a: a, element: elementOf(e)}:
		case <-done:
		}
	}()
}

func (l *loop) answer(r answer) {
	switch {
	case r.found != nil:
		l.sought(*r.found)
		return
	case r.says != nil:
		l.said(r.says)
		return
	}
	if r.a == nil {
		l.beaten(r, l.now())
		return
	}
	l.pulse.lookups--
	r.a.asked--
	if r.a.denied == policy.Allowed && r.element.Role != "" {
		r.a.step.Element = r.element
	}
}
