package capture

import (
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

// slowly types with a pace at which a run outlasts the time for which its first keys are held back.
func (w *world) slowly(text string) {
	for _, r := range text {
		w.key(r)
		w.pass(70)
	}
}

// otherField is a second field of text in the editor.
var otherField = a11y.Focus{PID: 100, ID: 21, Role: a11y.RoleEntry, Known: true}

// TestRunIsRefusedWhole holds that what a person would call one run is dropped whole if one of its keys is, also where the
// reducer makes several actions of it.
func TestRunIsRefusedWhole(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(w *world)
		want []string
	}{
		{"it begins in the band, and its element becomes known in its middle", func(w *world) {
			w.front(chat)
			w.pass(2000)
			w.front(editorA)
			w.slowly("canary")
			w.leaf(textField)
			w.slowly("canary goes on")
			w.pass(1000)
			w.slowly("work")
		}, []string{gap(policy.NotAgreed), gap(policy.Edge), "text work"}},
		{"it begins in the band, and lasts longer than its first key is held back", func(w *world) {
			w.g.Pause(time.Time{})
			w.pass(2000)
			w.g.Resume()
			w.slowly("canary goes on")
			w.pass(1000)
			w.slowly("work")
		}, []string{gap(policy.IsPaused), gap(policy.Edge), "text work"}},
		{"it began before anybody listened", func(w *world) {
			w.g.Pause(time.Time{})
			w.pass(2000)
			w.g.Resume()
			w.pass(300)
			w.slowly("canary")
			w.pass(1000)
			w.slowly("work")
		}, []string{gap(policy.IsPaused), gap(policy.Edge), "text work"}},
		{"it goes on in another field before the band is over", func(w *world) {
			w.leaf(button)
			w.pass(1000)
			w.leaf(textField)
			w.pass(50)
			w.slowly("can")
			w.leaf(otherField)
			w.slowly("goes on")
			w.pass(1000)
			w.slowly("work")
		}, []string{gap(policy.Edge), "text work"}},
		{"it ends in an element that nobody knows", func(w *world) {
			w.slowly("canary")
			w.pass(350)
			w.leaf(a11y.Focus{PID: 100, ID: 77})
			w.slowly("x")
			w.pass(1000)
		}, []string{gap(policy.Edge), gap(policy.Blind)}},
		{"a click in its middle makes no other run of it", func(w *world) {
			w.leaf(a11y.Focus{PID: 100, ID: 77})
			w.pass(1000)
			w.slowly("canary")
			w.click(5, 6)
			w.leaf(textField)
			w.pass(300)
			w.slowly("goes on")
			w.pass(1000)
			w.slowly("work")
		}, []string{gap(policy.Blind), "click left 1 at 5,6", gap(policy.Edge), "text work"}},
		{"another window is another run", func(w *world) {
			w.front(editorB)
			w.pass(1000)
			w.slowly("x")
			w.front(editorA)
			w.leaf(textField)
			w.pass(400)
			w.slowly("work")
		}, []string{gap(policy.Blind), "text work"}},
		{"a long one that was cut is refused in what follows, and as far back as it was not handed on", func(w *world) {
			for range 30 {
				w.typed("aaaaaaaaaaaaaaaaaaaaaaaaa") // a second
			}
			w.typed("aaaaaaaaaaaaaaa")
			w.g.Pause(time.Time{})
		}, []string{gap(policy.Edge), gap(policy.Edge), gap(policy.IsPaused)}},
		{"a long one that was refused stays refused", func(w *world) {
			w.g.Pause(time.Time{})
			w.pass(2000)
			w.g.Resume()
			for range 45 {
				w.typed("aaaaaaaaaaaaaaaaaaaaaaaaa")
			}
		}, []string{gap(policy.IsPaused), gap(policy.Edge)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, allClasses)
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

// TestRandomRuns types between random changes of windows, elements and permits. No key comes out within reach of one that
// was refused, where a key reaches the next one in its window that is less than textGap away.
func TestRandomRuns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type op struct{ what, wait int }
		ops := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) op {
			return op{rapid.IntRange(0, 21).Draw(rt, "what"), rapid.SampledFrom([]int{0, 10, 40, 90, 200, 260, 310, 440, 499, 500, 700}).Draw(rt, "wait")}
		}), 1, 60).Draw(rt, "ops")
		problem := ""
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, allClasses)
			front, since, leaf := editorA, w.now(), textField
			leaf.At = w.now()
			var keys []typedKey
			for _, o := range ops {
				switch o.what {
				case 11:
					w.click(5, 6)
				case 12, 13, 14:
					next := []x11.Focus{editorA, editorB, chat}[o.what-12]
					if next.Window != front.Window {
						front, since = next, w.now()
					}
					w.front(front)
				case 15, 16, 17, 18:
					leaf = []a11y.Focus{textField, otherField, password, {PID: 100, ID: 77}}[o.what-15]
					leaf.At = w.now()
					w.leaf(leaf)
				case 19:
					w.g.Pause(time.Time{})
				case 20, 21:
					w.g.Resume()
				default:
					known := leaf.Text() && leaf.PID == front.PID && !after(since, leaf.At, hold)
					keys = append(keys, typedKey{at: w.now(), window: front.Window, known: known})
					w.key(rune(0x4e00 + len(keys)))
				}
				w.pass(o.wait)
			}
			w.pass(3000)
			bad := refused(keys, w.g)
			for _, s := range w.of(raw.Text) {
				for _, k := range s.Keys {
					if n := int(k.Rune) - 0x4e01; bad[n] {
						problem = "a key came out that belongs to a refused run"
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

// typedKey is a key as the test typed it.
type typedKey struct {
	at     policy.Moment
	window uint32
	known  bool // it went to a text field that had been told
}

// refused says which keys must not come out: by what the test knows, by what the gate says of each, and by their neighbours.
func refused(keys []typedKey, g Gate) []bool {
	bad := make([]bool, len(keys))
	for i, k := range keys {
		bad[i] = !k.known || !g.Judge(k.at, k.window).Allows(policy.Text)
	}
	for range keys { // until nothing spreads any more
		last := map[uint32]int{}
		for i, k := range keys {
			if j, ok := last[k.window]; ok && k.at.Boot-keys[j].at.Boot < textGap {
				bad[i], bad[j] = bad[i] || bad[j], bad[i] || bad[j]
			}
			last[k.window] = i
		}
	}
	return bad
}

// TestFieldBecomesSecret holds that a text field that becomes a password field while it has the focus, of which no event tells, gives nothing
// away from there on, and that another field does.
func TestFieldBecomesSecret(t *testing.T) {
	for name, hung := range map[string]bool{"it answers at once": false, "it was hung meanwhile": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, allClasses)
				w.slowly("name")
				w.pass(2000)
				w.s.secret.Store(true)
				if hung {
					w.s.hang()
				}
				w.slowly("canary")
				w.pass(1000)
				if hung {
					w.s.goOn()
				}
				w.pass(2000)
				w.slowly("canary")
				w.pass(2000)
				w.s.secret.Store(false)
				w.leaf(otherField)
				w.pass(1000)
				w.slowly("work")
				w.pass(2000)
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff([]string{"text name", gap(policy.Secret), "text work"}, w.said()); d != "" {
					t.Errorf("steps differ (-want +got):\n%s", d)
				}
			})
		})
	}
}
