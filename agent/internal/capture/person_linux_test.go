package capture

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// person is a hand at a real desktop, beside the capture under test.
type person struct {
	t    *testing.T
	d    *desktop.Desktop
	g    *gate.Gate
	conn *xgb.Conn
	root xproto.Window
	keys map[xproto.Keysym]byte

	rules atomic.Pointer[policy.Rules]

	mu    sync.Mutex
	steps []raw.Step
}

// newPerson starts a desktop, and a capture that may see mousepad and l3afpad.
func newPerson(t *testing.T) *person {
	t.Helper()
	p := newUnseenPerson(t)
	p.consents(application(t, "mousepad", "Mousepad"), application(t, "l3afpad", "L3afpad"))
	p.record()
	return p
}

// newUnseenPerson starts a desktop without a capture.
func newUnseenPerson(t *testing.T) *person {
	t.Helper()
	opt := desktop.Options{Width: 1280, Height: 800}
	if os.Geteuid() == 0 {
		opt.User = "root" // the accessibility bus lets only its own user in
	}
	d, err := desktop.Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, kv := range d.Env() {
		if k, v, _ := strings.Cut(kv, "="); k == "DBUS_SESSION_BUS_ADDRESS" || k == "XDG_RUNTIME_DIR" || k == "XAUTHORITY" {
			t.Setenv(k, v)
		}
	}
	p := &person{t: t, d: d, g: gate.New(now)}
	p.connect()
	return p
}

// consents lets some applications be recorded, from now on.
func (p *person) consents(apps ...*pb.Application) {
	p.t.Helper()
	r := makeRules(p.t, time.Now(), allClasses, apps...)
	p.rules.Store(r)
	p.g.SetRules(r)
}

// record starts a capture.
func (p *person) record() {
	t := p.t
	t.Helper()
	p.g.Durable(true)
	c := New(Options{Display: p.d.Display(), Gate: p.g, Rules: p.rules.Load, Mark: &fakeMark{}, Hotkey: fakeHotkey{}, Typed: func(string) {}, Pace: noPace, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- c.Run(ctx, func(e raw.Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.steps = append(p.steps, raw.Open(e))
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func application(t *testing.T, id, class string) *pb.Application {
	path, err := filepath.EvalSymlinks("/usr/bin/" + id)
	if err != nil {
		t.Fatalf("%v (apt-get install %s)", err, id)
	}
	return &pb.Application{Id: id, Name: id, WmClass: class, Executables: []string{path}}
}

func (p *person) connect() {
	p.t.Helper()
	c, err := xgb.NewConnDisplay(p.d.Display())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(c.Close)
	if err := xtest.Init(c); err != nil {
		p.t.Fatal(err)
	}
	setup := xproto.Setup(c)
	first, n := setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)
	m, err := xproto.GetKeyboardMapping(c, first, n).Reply()
	if err != nil {
		p.t.Fatal(err)
	}
	p.conn, p.root, p.keys = c, setup.DefaultScreen(c).Root, map[xproto.Keysym]byte{}
	for i := range int(n) {
		sym := m.Keysyms[i*int(m.KeysymsPerKeycode)]
		if _, ok := p.keys[sym]; !ok {
			p.keys[sym] = byte(first) + byte(i)
		}
	}
}

func (p *person) fake(kind, detail byte, x, y int) {
	p.t.Helper()
	if err := xtest.FakeInputChecked(p.conn, kind, detail, 0, p.root, int16(x), int16(y), 0).Check(); err != nil {
		p.t.Fatal(err)
	}
}

// soon is fake without waiting for the display: what follows at once comes at once, however busy the machine is.
func (p *person) soon(kind, detail byte) { xtest.FakeInput(p.conn, kind, detail, 0, p.root, 0, 0, 0) }

func (p *person) press(sym xproto.Keysym)   { p.fake(xproto.KeyPress, p.keys[sym], 0, 0) }
func (p *person) release(sym xproto.Keysym) { p.fake(xproto.KeyRelease, p.keys[sym], 0, 0) }

func (p *person) typed(text string) {
	for _, r := range text {
		p.soon(xproto.KeyPress, p.keys[xproto.Keysym(r)])
		p.soon(xproto.KeyRelease, p.keys[xproto.Keysym(r)])
	}
	p.conn.Sync()
}

// click clicks a button so many times, quickly.
func (p *person) click(b byte, times, x, y int) {
	p.fake(xproto.MotionNotify, 0, x, y)
	for range times {
		p.soon(xproto.ButtonPress, b)
		p.soon(xproto.ButtonRelease, b)
	}
	p.conn.Sync()
}

// patience is how long a test waits for what a healthy machine does in a second or two.
const patience = 2 * time.Minute

// until waits for a condition.
func (p *person) until(what string, cond func() bool) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if err := desktop.Until(ctx, what, cond); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, s := range p.steps {
			p.t.Log(say(s), s.NoBefore, s.NoAfter)
		}
		p.t.Fatalf("%v; the gate says %+v", err, p.g.Status())
	}
}

// calm waits until an edge of a permit is far away: text has been allowed for a while in the active window.
func (p *person) calm() {
	p.t.Helper()
	p.until("text may be recorded", p.mayType)
}

func (p *person) mayType() bool {
	w, ok := p.d.Active()
	for back := hold; back < hold+textGap; back += hold / 2 { // nor can it go on with what was typed before that
		if !p.g.Judge(now().Add(-back), w.ID).Allows(policy.Text) {
			return false
		}
	}
	return ok && p.g.Live().Allows(policy.Text)
}

// ready is calm before an editor that may have been too busy to say what has the focus: it is not asked for ever, but once more at a key.
func (p *person) ready() {
	p.t.Helper()
	next := time.Now().Add(3 * pulseMost)
	p.until("text may be recorded", func() bool {
		if now := time.Now(); now.After(next) {
			p.typed("a")
			next = now.Add(3 * pulseMost)
		}
		return p.mayType()
	})
}

// said is the nth step that reads so, if there is one by now.
func (p *person) said(n int, text string) (raw.Step, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.steps {
		if say(s) == text {
			if n--; n == 0 {
				return s, true
			}
		}
	}
	return raw.Step{}, false
}

// again does something until it is told as a step that reads so and pleases. What a program does not answer in time is left out of a step, and typing
// that it does not prove in time is dropped: a program that gets no processor is one that is asked again.
func (p *person) again(text string, do func(), pleases func(raw.Step) bool) (found raw.Step) {
	p.t.Helper()
	n := 1
	for _, ok := p.said(n, text); ok; _, ok = p.said(n, text) {
		n++
	}
	var next time.Time
	p.until(text+", as it should be", func() bool {
		if s, ok := p.said(n, text); ok {
			if found = s; pleases(s) {
				return true
			}
			n, next = n+1, time.Time{}
		}
		if now := time.Now(); now.After(next) {
			do()
			next = now.Add(3 * pulseMost)
		}
		return false
	})
	return found
}

// anyway is pleased with whatever a step tells.
func anyway(raw.Step) bool { return true }

// inText tells of a step in a text field.
func inText(s raw.Step) bool { return s.Element.Role == "text" }

func (p *person) open(program string, args ...string) desktop.Window {
	p.t.Helper()
	proc, err := p.d.Start(filepath.Base(program), program, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	w, err := p.d.WaitWindow(ctx, program, desktop.OfProcess(proc.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}
