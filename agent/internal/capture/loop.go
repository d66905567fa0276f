package capture

import (
	"context"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/policy"
)

// display is the X server as the loop needs it; x11.Server is one.
type display interface {
	Events() <-chan x11.Event
	Err() error
	Close()
	Record(on bool) error
	Watch(window uint32) error
	Focus() x11.Focus
	Before(window, press uint32) (*raw.Shot, string)
	Grab(window uint32) (*raw.Shot, string)
	Pace(least time.Duration)
	Layout() (screen raw.Rect, monitors []raw.Rect, scale float64)
	Owns(window uint32, x, y int) bool
	Rect(window uint32) raw.Rect
}

// senses is the accessibility bus as the loop needs it; a11y.Client is one.
type senses interface {
	Focused() <-chan a11y.Focus
	Under(ctx context.Context, pid int, last uint64, x, y int) (a11y.Element, bool)
	Answers(ctx context.Context, id uint64) (secret bool, err error)
	Find(ctx context.Context, pid int) (a11y.Focus, bool)
	Says(ctx context.Context, pid int) (a11y.Said, bool)
	Close()
}

// loop owns all state of one run. Its one goroutine does, in this order, again and again: take in what happened (focus,
// keys, pointer, elements, permits), judge what was held back long enough, end what can no longer grow, take frames that
// are due, hand on what is ready, sleep. It sleeps without a timer while nothing is pending.
type loop struct {
	opt     Options
	d       display
	s       senses                                // nil: no accessibility bus; the loop closes it
	reopen  func(context.Context) (senses, error) // waits for a bus; nil: none will come
	buses   chan senses
	helpers sync.WaitGroup
	now     func() policy.Moment
	asking  func(pid int) bool // a terminal of this process asks for a password
	done    <-chan struct{}    // of the run: helpers stop
	answers chan answer

	sight   sight // what has the focus
	watch   watch // what is listened to
	mark    mark
	pulse   pulse
	seek    seek
	witness witness

	red  *reducer
	back holdback
	cam  camera
	out  output
	own  own

	fault error // the display failed under us
}

func newLoop(opt Options, d display, s senses, emit func(raw.Event)) *loop {
	l := &loop{opt: opt, d: d, s: s, now: now, asking: asksPassword, answers: make(chan answer, maxAsked+3), buses: make(chan senses)}
	l.red = newReducer(l.began, l.ended)
	l.cam = camera{before: d.Before, grab: d.Grab, took: l.took}
	l.out = output{emit: emit, live: opt.Gate.Live}
	return l
}

// run works until ctx ends (nil) or the display dies (its error).
func (l *loop) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer l.close()
	defer l.helpers.Wait()
	defer cancel()
	l.done = ctx.Done()
	changed, unwatch := l.opt.Gate.Watch()
	defer unwatch()
	var focused <-chan a11y.Focus
	if l.s != nil {
		focused = l.s.Focused()
	} else {
		l.lost(ctx)
	}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	defer l.stop()
	l.start()
	for l.fault == nil {
		wake := l.arm(timer)
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-l.d.Events():
			if !ok {
				return l.d.Err()
			}
			l.event(e)
		case f, ok := <-focused:
			focused = l.element(ctx, f, ok, focused)
		case s := <-l.buses:
			focused = l.returned(s)
		case a := <-l.answers:
			l.answer(a)
		case <-changed:
		case <-wake:
		}
		if err := l.rest(ctx, &focused); err != nil {
			return err
		}
		l.settle()
	}
	return l.fault
}

// rest takes in everything else that has already happened, so that nothing is judged before it.
func (l *loop) rest(ctx context.Context, focused *<-chan a11y.Focus) error {
	for {
		select {
		case e, ok := <-l.d.Events():
			if !ok {
				return l.d.Err()
			}
			l.event(e)
		case f, ok := <-*focused:
			*focused = l.element(ctx, f, ok, *focused)
		case a := <-l.answers:
			l.answer(a)
		default:
			return nil
		}
	}
}

// event takes in what happened on the display.
func (l *loop) event(e x11.Event) {
	switch e.Kind {
	case x11.FocusChanged, x11.TitleChanged, x11.GeometryChanged:
		if e.Focus != nil {
			l.focus(*e.Focus, e.At)
		}
	case x11.WMLost:
		l.opt.Log.Warn("nothing tells which window is active", "why", x11.ErrNoWindowManager.Error())
		l.opt.Gate.Display(false, "no window manager")
		l.focus(x11.Focus{}, e.At)
	case x11.WMFound:
		l.sight.secret.told, l.sight.blind.told = false, false // the gate forgot them with the display
		l.opt.Gate.Display(true, "")
	case x11.Settled:
		l.cam.settled = e.At
	default:
		l.follow(l.now())
		l.input(e)
	}
}

// settle does everything that is due by now.
func (l *loop) settle() {
	now := l.now()
	if pace := l.opt.Pace(); pace != l.cam.pace {
		l.cam.pace = pace
		l.d.Pace(pace)
	}
	l.rematch(now)
	l.follow(now)
	l.seekLeaf()
	l.back.judge(now, l.judged)
	l.red.expire(now)
	l.feel(now)
	l.red.typing.settle(now)
	switch a := l.cam.want; {
	case !l.watch.live.Allows(policy.Frames):
		l.cam.cancel("not permitted any more")
	case a != nil && a.step.Window.App != l.sight.app:
		l.cam.cancel("another application came first")
	default:
		l.cam.tick(now, l.sight.focus.Window)
	}
	l.retry(now)
	l.out.settle()
}

// arm sets the timer to the next thing that is due; nil if nothing is.
func (l *loop) arm(timer *time.Timer) <-chan time.Time {
	var next time.Duration
	some := false
	for _, due := range [...]func() (time.Duration, bool){l.back.due, l.red.due, l.red.typing.due, l.pulse.due, l.cam.due, l.mark.due, l.sight.due} {
		if at, ok := due(); ok && (!some || at < next) {
			next, some = at, true
		}
	}
	if !some {
		timer.Stop()
		return nil
	}
	timer.Reset(max(next-l.now().Boot, 0))
	return timer.C
}

// close gives the accessibility bus up.
func (l *loop) close() {
	if l.s != nil {
		l.s.Close()
	}
}

// start reports what is known at the beginning.
func (l *loop) start() {
	now := l.now()
	l.opt.Gate.Display(true, "")
	l.prove(now)
	l.focus(l.d.Focus(), now)
	l.settle()
}

// stop hands on what is certain and forgets the rest. What was not judged yet is denied.
func (l *loop) stop() {
	now := l.now()
	l.shut()
	l.red.abandon(policy.Edge)
	l.cam.cancel("recording stopped")
	l.back.judge(now, l.judged)
	l.back.deny(policy.Edge)
	l.opt.Gate.Focus(now, 0, "", policy.Blind)
	l.out.finish(now)
}
