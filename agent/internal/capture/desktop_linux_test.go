package capture

import (
	"context"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// told: there is a picture, or a reason why there is none. A picture that is not proven is not given.
func told(shot *raw.Shot, why string) bool { return (shot == nil) == (why != "") }

// TestRealEditor plays every kind of action into a real editor, with a real password dialog of another program between.
func TestRealEditor(t *testing.T) {
	for _, editor := range []string{"l3afpad", "mousepad"} {
		t.Run(editor, func(t *testing.T) {
			p := newPerson(t)
			w := p.open(editor)
			p.ready()
			box, err := p.d.Geometry(w.ID)
			if err != nil {
				t.Fatal(err)
			}
			x, y := box.Min.X+150, box.Min.Y+150

			file := image.Pt(box.Min.X+15, box.Min.Y+12) // the menu "File"
			escape := func() {
				p.again("hotkey Escape", func() { p.press(symEscape); p.release(symEscape) }, anyway)
			}
			text := p.again("text hello world", func() {
				p.ready()
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
			if s := p.again("hotkey ctrl+a", func() {
				p.press(0xffe3) // the modifier is released first
				p.press('a')
				p.release(0xffe3)
				p.release('a')
			}, anyway); !told(s.Before, s.NoBefore) || s.After == nil {
				t.Errorf("hotkey: before %q, after %q", s.NoBefore, s.NoAfter)
			}
			click := p.again("click left 1 at "+at(x, y), func() { p.click(1, 1, x, y) }, inText)
			if !told(click.Before, click.NoBefore) || click.Window.Rect.X != box.Min.X || click.Window.Rect.W != box.Dx() {
				t.Errorf("click: before %q, element %+v, window %+v, true %v", click.NoBefore, click.Element, click.Window, box)
			}
			p.again("click left 2 at "+at(x+20, y), func() { p.click(1, 2, x+20, y) }, anyway)
			p.again("scroll 0,2", func() { p.click(5, 2, x, y) }, anyway)
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
			p.again("text after", func() { p.ready(); p.typed("after") }, inText)
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

// focused opens a program and waits until it told a focus that is right, or answers with one, to a client of its own.
func (p *person) focused(is func(a11y.Focus) bool, program string, args ...string) desktop.Window {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	c, err := a11y.Await(ctx, now)
	if err != nil {
		p.t.Fatal(err)
	}
	defer c.Close()
	w := p.open(program, args...)
	p.until("the program tells its focus", func() bool {
		select {
		case f := <-c.Focused():
			return f.PID == w.PID && is(f)
		default: // it may have been too busy to say what got it
			f, ok := c.Find(ctx, w.PID)
			return ok && is(f)
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
			p.again("text hello", func() { p.ready(); p.typed("hello") }, anyway)
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
	typed := func(f func()) {
		p.ready()
		p.signal(w.PID, syscall.SIGSTOP)
		f()
		<-time.After(3 * pulseWait) // it is far too late now
		p.signal(w.PID, syscall.SIGCONT)
	}
	p.again("text name", func() { typed(func() { p.typed("name") }) }, anyway)
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
	p.again("text after", func() { p.calm(); p.typed("after") }, anyway)
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
	p.again("text after", func() { p.calm(); p.typed("after") }, anyway)
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
		c := New(Options{Display: ":9999", Gate: g, Rules: func() *policy.Rules { return nil }, Mark: &fakeMark{}, Hotkey: fakeHotkey{}, Typed: func(string) {}, Pace: noPace, Log: slog.New(slog.DiscardHandler)})
		err := c.Run(t.Context(), func(raw.Event) {})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", session, err)
		}
	}
}
