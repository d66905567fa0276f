package capture

import (
	"context"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
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
	c := New(Options{Display: p.d.Display(), Gate: p.g, Rules: p.rules.Load, Mark: &fakeMark{}, Hotkey: fakeHotkey{}, Pace: noPace, Log: slog.New(slog.DiscardHandler)})
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
	p.until("text may be recorded", func() bool {
		w, ok := p.d.Active()
		for back := hold; back < hold+textGap; back += hold / 2 { // nor can it go on with what was typed before that
			if !p.g.Judge(now().Add(-back), w.ID).Allows(policy.Text) {
				return false
			}
		}
		return ok && p.g.Live().Allows(policy.Text)
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

// step waits for the nth step that reads so.
func (p *person) step(n int, text string) (found raw.Step) {
	p.t.Helper()
	p.until(text, func() (ok bool) { found, ok = p.said(n, text); return ok })
	return found
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

// inText tells of a step in a text field.
func inText(s raw.Step) bool { return s.Element.Role == "text" }

func (p *person) open(program string, args ...string) desktop.Window {
	p.t.Helper()
	proc, err := p.d.Start(filepath.Base(program), program, args...)
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	w, err := p.d.WaitWindow(ctx, program, desktop.OfProcess(proc.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return w
}

// told: there is a picture, or a reason why there is none. A picture that is not proven is not given.
func told(shot *raw.Shot, why string) bool { return (shot == nil) == (why != "") }

// TestRealEditor plays every kind of action into a real editor, with a real password dialog of another program between.
func TestRealEditor(t *testing.T) {
	for _, editor := range []string{"l3afpad", "mousepad"} {
		t.Run(editor, func(t *testing.T) {
			p := newPerson(t)
			w := p.open(editor)
			p.calm()
			box, err := p.d.Geometry(w.ID)
			if err != nil {
				t.Fatal(err)
			}
			x, y := box.Min.X+150, box.Min.Y+150

			file := image.Pt(box.Min.X+15, box.Min.Y+12) // the menu "File"
			escape := func() {
				p.again("hotkey Escape", func() { p.press(symEscape); p.release(symEscape) }, func(raw.Step) bool { return true })
			}
			text := p.again("text hello world", func() {
				p.calm()
				p.typed("hello world")
			}, func(s raw.Step) bool {
				if !inText(s) { // the editor was busy when the field got the focus: it gets it again
					p.click(1, 1, file.X, file.Y)
					escape()
				}
				return inText(s)
			})
			if !told(text.Before, text.NoBefore) || text.After == nil || text.Focus == 0 {
				t.Errorf("text: before %q, after %q, element %+v", text.NoBefore, text.NoAfter, text.Element)
			}
			p.press(0xffe3) // the modifier is released first
			p.press('a')
			p.release(0xffe3)
			p.release('a')
			if s := p.step(1, "hotkey ctrl+a"); !told(s.Before, s.NoBefore) || s.After == nil {
				t.Errorf("hotkey: before %q, after %q", s.NoBefore, s.NoAfter)
			}
			click := p.again("click left 1 at "+at(x, y), func() { p.click(1, 1, x, y) }, inText)
			if !told(click.Before, click.NoBefore) || click.Window.Rect.X != box.Min.X || click.Window.Rect.W != box.Dx() {
				t.Errorf("click: before %q, element %+v, window %+v, true %v", click.NoBefore, click.Element, click.Window, box)
			}
			p.click(1, 2, x+20, y)
			p.step(1, "click left 2 at "+at(x+20, y))
			p.click(5, 2, x, y)
			p.step(1, "scroll 0,2")
			p.again("click left 1 at "+at(file.X, file.Y), func() { p.click(1, 1, file.X, file.Y) }, func(s raw.Step) bool {
				escape()
				return s.Element.Name == "File"
			})

			ask := p.open("zenity", "--password")
			p.until("the dialog is active", func() bool { a, ok := p.d.Active(); return ok && a.ID == ask.ID })
			p.typed("xyzzy")
			p.press(symReturn)
			p.release(symReturn)
			p.until("the dialog is gone", func() bool { a, ok := p.d.Active(); return ok && a.ID == w.ID })
			p.again("text after", func() { p.calm(); p.typed("after") }, inText)
			p.mu.Lock()
			defer p.mu.Unlock()
			gaps := 0
			for _, s := range p.steps {
				if s.Kind == raw.Gap {
					gaps++
				}
				if strings.ContainsAny(sayKeys(s.Keys), "xyz") {
					t.Errorf("typed into the dialog, and came out: %s", say(s))
				}
			}
			if gaps == 0 {
				t.Error("no gap tells of the dialog")
			}
		})
	}
}

// focused opens a program and waits until it told a focus that is right, to a client of its own.
func (p *person) focused(is func(a11y.Focus) bool, program string, args ...string) desktop.Window {
	p.t.Helper()
	c, err := a11y.Open(now)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	w := p.open(program, args...)
	p.until("the program tells its focus", func() bool {
		select {
		case f := <-c.Focused():
			return f.PID == w.PID && is(f)
		default:
			return false
		}
	})
	return w
}

// TestRealEditorBefore holds that an editor which had the focus before recording began, and before it was agreed to, gives
// its text at once.
func TestRealEditorBefore(t *testing.T) {
	for program, class := range map[string]string{"mousepad": "Mousepad", "l3afpad": "L3afpad", "featherpad": "FeatherPad"} {
		t.Run(program, func(t *testing.T) {
			p := newUnseenPerson(t)
			p.focused(a11y.Focus.Text, program)
			p.record()
			p.until("there is no consent", func() bool { return p.g.Status().State == gate.Off })
			p.consents(application(t, program, class))
			p.calm()
			p.typed("hello")
			p.step(1, "text hello")
		})
	}
}

// form is a dialog with a text field and a password field that nobody would take for a prompt.
func (p *person) form() *pb.Application {
	p.t.Helper()
	b, err := os.ReadFile("/usr/bin/zenity")
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.t.TempDir(), "form")
	if err := os.WriteFile(path, b, 0o755); err != nil {
		p.t.Fatal(err)
	}
	if path, err = p.d.Install(path); err != nil {
		p.t.Fatal(err)
	}
	return &pb.Application{Id: "form", Name: "Form", WmClass: "Form", Executables: []string{path}}
}

// TestRealStopped stops an application while the person types. It gives its text when it goes on; what went into a
// password field in the meantime never comes out.
func TestRealStopped(t *testing.T) {
	p := newUnseenPerson(t)
	form := p.form()
	p.consents(form)
	p.record()
	w := p.focused(a11y.Focus.Text, form.GetExecutables()[0], "--class=Form", "--name=form", "--title=Form", "--forms", "--add-entry=Name",
		"--add-password=Word")
	p.calm()
	typed := func(f func()) {
		p.signal(w.PID, syscall.SIGSTOP)
		f()
		<-time.After(3 * pulseWait) // it is far too late now
		p.signal(w.PID, syscall.SIGCONT)
	}
	typed(func() { p.typed("name") })
	p.step(1, "text name")
	p.calm()
	typed(func() {
		p.typed("ab")
		p.press(symTab)
		p.release(symTab)
		p.typed("xyzzy")
	})
	p.until("the password field is known", func() bool { return p.g.Live().Why() == policy.Secret })
	p.press(0xffe1) // shift+Tab leads back
	p.press(symTab)
	p.release(symTab)
	p.release(0xffe1)
	p.calm()
	p.typed("after")
	p.step(1, "text after")
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.steps {
		if strings.ContainsAny(sayKeys(s.Keys), "xyz") {
			t.Errorf("came out: %s", say(s))
		}
	}
}

func (p *person) signal(pid int, s syscall.Signal) {
	p.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		p.t.Fatal(err)
	}
}

func at(x, y int) string {
	return strings.TrimPrefix(say(raw.Step{Kind: raw.Click, X: x, Y: y}), "click  0 at ")
}

// TestRealSecretPrompt types into a prompt that nobody can agree to: nothing but a gap may tell of it.
func TestRealSecretPrompt(t *testing.T) {
	p := newPerson(t)
	rules := makeRules(t, time.Now(), allClasses, application(t, "zenity", "Zenity"))
	if app, why := rules.Match(policy.Window{Class: "Zenity", Instance: "zenity", Executable: "/usr/bin/zenity", Title: "Type"}); why == policy.Allowed {
		t.Fatalf("zenity is an excluded prompt, and was agreed as %q", app)
	}
	p.open("l3afpad")
	p.calm()
	ask := p.open("zenity", "--entry", "--hide-text")
	p.until("the dialog is active", func() bool { a, ok := p.d.Active(); return ok && a.ID == ask.ID })
	p.until("nothing may be recorded", func() bool { return !p.g.Live().Open() })
	p.typed("secret")
	p.press(symReturn)
	p.release(symReturn)
	p.calm()
	p.typed("after")
	p.step(1, "text after")
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.steps {
		if s.Kind == raw.Text && say(s) != "text after" {
			t.Errorf("came out: %s", say(s))
		}
	}
}

// TestAsksPassword looks at a real terminal whose program hides what is typed, and at one that does not.
func TestAsksPassword(t *testing.T) {
	p := newPerson(t)
	for _, test := range []struct {
		shell string
		want  bool
	}{
		{"stty -echo; echo $$ > %; cat", true},
		{"echo $$ > %; cat", false},
	} {
		file := filepath.Join(t.TempDir(), "ready")
		w := p.open("xterm", "-e", "sh", "-c", strings.ReplaceAll(test.shell, "%", file))
		p.until("the shell runs", func() bool { b, err := os.ReadFile(file); return err == nil && len(b) > 0 })
		if got := asksPassword(w.PID); got != test.want {
			t.Errorf("%s: asks for a password: %v", test.shell, got)
		}
	}
	if !asksPassword(0) {
		t.Error("an unknown process does not count as asking")
	}
}

// TestNoDisplay holds that a missing display is said in a sentence, and Wayland by its name.
func TestNoDisplay(t *testing.T) {
	for session, want := range map[string]string{"wayland": "input: unavailable (wayland)", "x11": "no display"} {
		t.Setenv("XDG_SESSION_TYPE", session)
		g := gate.New(now)
		c := New(Options{Display: ":9999", Gate: g, Rules: func() *policy.Rules { return nil }, Mark: &fakeMark{}, Hotkey: fakeHotkey{}, Pace: noPace, Log: slog.New(slog.DiscardHandler)})
		err := c.Run(t.Context(), func(raw.Event) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", session, err)
		}
	}
}
