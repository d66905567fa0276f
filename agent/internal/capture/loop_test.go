package capture

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/policy"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func gap(why policy.Reason) string { return fmt.Sprintf("gap %d", why) }

func TestLoop(t *testing.T) {
	for _, test := range []struct {
		name    string
		classes policy.Classes
		do      func(w *world)
		want    []string
	}{
		{"every kind", allClasses, func(w *world) {
			w.typed("hello")
			w.pass(600)
			w.hotkey('s')
			w.settled()
			w.pass(300)
			w.click(5, 6)
			w.settled()
			w.pass(900)
			for range 3 {
				w.send(x11.Event{Kind: x11.ButtonPress, Down: true, Button: 5})
				w.send(x11.Event{Kind: x11.ButtonRelease, Button: 5})
				w.pass(50)
			}
		}, []string{"text hello", "hotkey ctrl+s", "click left 1 at 5,6", "scroll 0,3"}},
		{"a password field gets the focus after the first of its keys came in", allClasses, func(w *world) {
			w.key('\t')
			w.pass(5)
			w.typed("s")
			w.pass(15)
			w.leaf(password)
			w.typed("ecret")
			w.pass(3000)
			w.leaf(textField)
			w.pass(1000)
			w.typed("ok")
		}, []string{gap(policy.Secret), "text ok"}},
		{"another application, and back", allClasses, func(w *world) {
			w.click(5, 6)
			w.pass(600)
			w.front(chat)
			w.pass(10)
			w.typed("canary")
			w.click(1, 1)
			w.pass(3000)
			w.front(editorA)
			w.leaf(textField)
			w.pass(600)
			w.typed("back")
		}, []string{"click left 1 at 5,6", gap(policy.NotAgreed), "text back"}},
		{"near an edge", allClasses, func(w *world) {
			w.click(5, 6)
			w.pass(100)
			w.g.Pause(time.Time{})
			w.pass(2000)
			w.g.Resume()
			w.pass(100)
			w.hotkey('s')
			w.pass(2000)
			w.hotkey('q')
		}, []string{gap(policy.Edge), gap(policy.IsPaused), gap(policy.Edge), "hotkey ctrl+q"}},
		{"two windows of one permit have no edge", allClasses, func(w *world) {
			w.click(5, 6)
			w.pass(20)
			w.front(editorB)
			w.pass(20)
			w.click(5, 6)
		}, []string{"click left 1 at 5,6", "click left 1 at 5,6"}},
		{"a window of the same process whose focus is not known gives no text", allClasses, func(w *world) {
			w.pass(1000)
			w.front(editorB)
			w.pass(600)
			w.typed("one")
			w.pass(700)
			w.typed("two")
			w.pass(700)
			w.hotkey('s')
		}, []string{gap(policy.Blind)}},
		{"a focus of another process is not ours", allClasses, func(w *world) {
			w.leaf(a11y.Focus{PID: 200, ID: 9, Role: a11y.RoleText, Known: true})
			w.pass(600)
			w.typed("secret")
			w.pass(600)
		}, []string{gap(policy.Blind)}},
		{"a button has the focus", allClasses, func(w *world) {
			w.leaf(button)
			w.pass(600)
			w.send(x11.Event{Kind: x11.KeyPress, Down: true, Sym: symReturn})
			w.pass(600)
		}, []string{"hotkey Return"}},
		{"a press on a frame or a panel is no action", allClasses, func(w *world) {
			w.d.own = false
			w.click(5, 6)
			w.pass(600)
		}, nil},
		{"text not agreed is one gap for a whole focus", policy.Classes(0).With(policy.Pointer), func(w *world) {
			w.typed("one")
			w.pass(700)
			w.click(5, 6)
			w.pass(700)
			w.typed("two")
			w.hotkey('s')
		}, []string{gap(policy.NotAgreed), "click left 1 at 5,6"}},
		{"a double click comes once", allClasses, func(w *world) {
			w.click(5, 6)
			w.pass(100)
			w.click(5, 6)
		}, []string{"click left 2 at 5,6"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, test.classes)
				test.do(w)
				w.pass(3000)
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(test.want, w.said()); d != "" {
					t.Errorf("steps differ (-want +got):\n%s", d)
				}
			})
		})
	}
}

func TestMark(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		w.pass(3000)
		w.mark.hidden.Store(true)
		w.click(5, 6)
		w.pass(1000)
		w.click(5, 6)
		w.pass(500)
		if w.d.recording {
			t.Error("it listens without a mark")
		}
		w.mark.hidden.Store(false)
		w.pass(5000)
		w.click(7, 7)
		w.pass(2000)
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{gap(policy.NoIndicator), "click left 1 at 7,7"}, w.said()); d != "" {
			t.Errorf("steps differ (-want +got):\n%s", d)
		}
	})
}

func TestTerminalPrompt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		var asks atomic.Bool
		w.l.asking = func(int) bool { return asks.Load() }
		w.leaf(a11y.Focus{PID: 100, ID: 14, Role: a11y.RoleTerminal, Known: true})
		w.pass(1000)
		w.hotkey('l')
		w.pass(1500)
		asks.Store(true)
		w.typed("hunter2")
		if w.d.recording {
			t.Error("it listens while a terminal asks for a password")
		}
		w.pass(2000)
		asks.Store(false)
		w.pass(1000)
		w.hotkey('c')
		w.pass(2000)
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"hotkey ctrl+l", gap(policy.Secret), "hotkey ctrl+c"}, w.said()); d != "" {
			t.Errorf("steps differ (-want +got):\n%s", d)
		}
	})
}

// TestNoWakeUpsWhenIdle holds that the loop sleeps without a timer when nothing is pending.
func TestNoWakeUpsWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		w.typed("hello")
		w.pass(5000)
		synctest.Wait()
		looks := w.looks.Load()
		w.pass(3600_000)
		synctest.Wait()
		if w.looks.Load() != looks {
			t.Errorf("the loop woke up %d times in an idle hour", w.looks.Load()-looks)
		}
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestEnds(t *testing.T) {
	t.Run("stopped: what was not judged is dropped", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			w.typed("late")
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{gap(policy.Edge)}, w.said()); d != "" {
				t.Errorf("steps differ (-want +got):\n%s", d)
			}
			if w.d.recording || w.d.watched != 0 {
				t.Error("it still listens")
			}
		})
	})
	t.Run("the display died", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			close(w.d.events)
			if err := <-w.ended; !errors.Is(err, errDied) {
				t.Errorf("Run gave %v", err)
			}
			w.cancel()
		})
	})
	t.Run("the window manager died and came back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			w.send(x11.Event{Kind: x11.WMLost})
			w.pass(1000)
			w.typed("nobody")
			if s := w.g.Status(); w.d.recording || s.Words != "no window manager" {
				t.Errorf("listens: %v, status %q", w.d.recording, s.Words)
			}
			w.send(x11.Event{Kind: x11.WMFound})
			w.pass(1000)
			if s := w.g.Status(); w.d.recording || s.Words == "no window manager" {
				t.Errorf("before a window has the focus: listens: %v, status %q", w.d.recording, s.Words)
			}
			w.front(editorA)
			w.leaf(textField)
			w.pass(1000)
			w.typed("again")
			w.pass(2000)
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{gap(policy.Blind), "text again"}, w.said()); d != "" {
				t.Errorf("steps differ (-want +got):\n%s", d)
			}
		})
	})
	for lag, want := range map[time.Duration][]string{late / 2: {"text word"}, 2 * late: {gap(policy.Blind)}} {
		t.Run(fmt.Sprintf("taken %v after it was typed", lag), func(t *testing.T) { // by a computer that was busy: who knows where the keyboard was
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, allClasses)
				w.pass(1000)
				for _, r := range "word" {
					for _, kind := range []x11.EventKind{x11.KeyPress, x11.KeyRelease} {
						at := w.now().Add(-lag)
						w.d.events <- x11.Event{Kind: kind, Down: kind == x11.KeyPress, Sym: uint32(r), Rune: r, At: at, Time: uint32(at.Boot / time.Millisecond)}
					}
					w.pass(40)
				}
				w.pass(3000)
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(want, w.said()); d != "" {
					t.Errorf("steps differ (-want +got):\n%s", d)
				}
			})
		})
	}
	t.Run("withdrawn: nothing comes out any more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			w.click(5, 6)
			w.pass(600)
			w.typed("text")
			w.pass(50)
			w.g.Withdraw()
			w.pass(3000)
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			if got := w.said(); len(got) != 0 {
				t.Errorf("came out: %v", got)
			}
		})
	})
	t.Run("new rules: the focus is told again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			w.rules = makeRules(t, w.begin, allClasses, editorApp)
			w.g.SetRules(w.rules)
			w.pass(1000)
			w.hotkey('s')
			w.pass(2000)
			if err := w.stop(); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{"hotkey ctrl+s"}, w.actions()); d != "" {
				t.Errorf("steps differ (-want +got):\n%s", d)
			}
		})
	})
}

// actions gives the actions in words.
func (w *world) actions() []string {
	var out []string
	for _, s := range w.steps {
		if s.Kind < raw.Gap {
			out = append(out, say(s))
		}
	}
	return out
}

// TestRandom plays random input with random edges: nothing comes out whose events were not all permitted, in order, and no
// character that was typed where it must not be seen.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type op struct{ what, wait int }
		ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
			return op{rapid.IntRange(0, 12).Draw(rt, "what"), rapid.SampledFrom([]int{0, 5, 20, 60, 200, 260, 310, 700}).Draw(rt, "wait")}
		}), 1, 60).Draw(rt, "ops")
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			front, leaf, paused := editorA, textField, false
			type was struct {
				at     time.Duration
				window uint32
			}
			windows := []was{{0, 1}}
			for _, o := range ops {
				char := 'g'
				if front.Window == 3 || leaf.Role == a11y.RolePasswordText || paused {
					char = 'x'
				}
				switch o.what {
				case 0, 1, 2, 3:
					w.key(char)
				case 4:
					w.click(5, 6)
				case 5:
					w.hotkey('s')
				case 6, 7, 8:
					front = []x11.Focus{editorA, editorB, chat}[o.what-6]
					w.front(front)
					leaf.PID = front.PID
					windows = append(windows, was{w.now().Boot, front.Window})
					leaf = textField
					leaf.PID = front.PID
					w.leaf(leaf)
				case 9:
					leaf = password
					leaf.PID = front.PID
					w.leaf(leaf)
				case 10:
					leaf = textField
					leaf.PID = front.PID
					w.leaf(leaf)
				case 11:
					paused = true
					w.g.Pause(time.Time{})
				case 12:
					paused = false
					w.g.Resume()
				}
				w.pass(o.wait)
			}
			w.pass(3000)
			at := func(boot time.Duration) (window uint32) {
				for _, x := range windows {
					if x.at <= boot {
						window = x.window
					}
				}
				return window
			}
			var last time.Duration
			for _, s := range w.steps {
				if s.Kind >= raw.Gap {
					continue
				}
				if s.From.Boot < last {
					problem = "steps out of order"
				}
				last = s.From.Boot
				for _, m := range []policy.Moment{s.From, s.Until} {
					if !w.g.Judge(m, at(m.Boot)).Open() {
						problem = say(s) + " came out with a denied event"
					}
				}
				for _, k := range s.Keys {
					if k.Rune == 'x' {
						problem = "a hidden key came out in " + say(s)
					}
				}
			}
			if err := w.stop(); err != nil {
				problem = err.Error()
			}
		})
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}
