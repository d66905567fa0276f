package capture

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/policy"
	"github.com/google/go-cmp/cmp"
)

// says makes a Find that finds f.
func says(f a11y.Focus) func(*world) a11y.Focus {
	return func(w *world) a11y.Focus {
		f.At = w.now()
		return f
	}
}

// TestSeek holds that an element which had the focus before anybody listened is asked for, and that no answer is taken for
// more than it is.
func TestSeek(t *testing.T) {
	for _, test := range []struct {
		name string
		find func(*world) a11y.Focus
		do   func(w *world)
		want []string
	}{
		{"a text field", says(textField), func(w *world) { w.typed("hello") }, []string{"text hello"}},
		{"nothing", nil, func(w *world) { w.typed("hello") }, []string{gap(policy.Blind)}},
		{"a password field", says(password), func(w *world) {
			if w.d.recording {
				t.Error("it listens to a password field")
			}
			w.typed("hunter2")
		}, []string{gap(policy.Secret)}},
		{"a text field of another process", says(a11y.Focus{PID: 200, ID: 9, Role: a11y.RoleText, Known: true}), func(w *world) {
			w.typed("hello")
		}, []string{gap(policy.Blind)}},
		{"a password field is told while the answer is on its way", func(w *world) a11y.Focus {
			old := says(textField)(w)
			time.Sleep(100 * time.Millisecond)
			return old
		}, func(w *world) {
			w.leaf(button)
			w.pass(1000)
			w.leaf(a11y.Focus{PID: 100, ID: 77}) // it is asked for now
			w.pass(50)
			w.leaf(password)
			w.pass(1500)
			w.typed("hunter2")
			w.pass(2000)
		}, []string{gap(policy.Secret)}},
		{"another window got the focus while the answer is on its way", func(w *world) a11y.Focus {
			old := says(textField)(w)
			time.Sleep(100 * time.Millisecond)
			if w.s.finds.Load() > 1 {
				w.s.find = nil
			}
			return old
		}, func(w *world) {
			w.leaf(a11y.Focus{PID: 100, ID: 77})
			w.pass(50)
			w.front(editorB)
			w.pass(1000)
			w.typed("hello")
		}, []string{gap(policy.Blind)}},
		{"the application was too busy at first", says(textField), func(w *world) {
			w.s.find = nil
			w.leaf(a11y.Focus{PID: 100, ID: 77})
			w.pass(1000)
			w.s.find = func() a11y.Focus { return says(textField)(w) }
			w.typed("it is asked again")
			w.pass(1000)
			w.typed("work")
		}, []string{gap(policy.Blind), "text work"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newSilentWorld(t, allClasses, test.find)
				w.pass(1000)
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

// TestSeekIsBounded holds that nobody is asked for ever, and nobody at all without a permit.
func TestSeekIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSilentWorld(t, allClasses, nil)
		w.pass(10_000)
		if n := w.s.finds.Load(); n != seekMost {
			t.Errorf("asked %d times", n)
		}
		w.front(chat)
		w.pass(1000)
		w.g.Pause(time.Time{})
		w.front(editorA)
		w.pass(1000)
		if n := w.s.finds.Load(); n != seekMost {
			t.Errorf("asked %d times without a permit", n-seekMost)
		}
		w.g.Resume()
		w.pass(1000)
		if n := w.s.finds.Load(); n != 2*seekMost {
			t.Errorf("asked %d times when the permit came", n-seekMost)
		}
		w.g.Pause(time.Time{})
		w.pass(1000)
		w.g.Resume()
		w.pass(1000)
		if n := w.s.finds.Load(); n != 3*seekMost {
			t.Errorf("asked %d times when the permit came in the same window", n-2*seekMost)
		}
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestBusReturns holds that a bus that has gone is waited for and that this is said, and that the focused element is asked for on the new one.
func TestBusReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newSilentWorld(t, allClasses, says(textField))
		back := make(chan senses)
		w.l.reopen = func(ctx context.Context) (senses, error) {
			select {
			case s := <-back:
				return s, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		w.pass(1000)
		w.typed("one")
		w.pass(2000)
		close(w.s.focused)
		w.pass(1000)
		w.typed("lost")
		w.pass(2000)
		again := &fakeSenses{focused: make(chan a11y.Focus, 64)}
		again.find = func() a11y.Focus { return says(textField)(w) }
		back <- again
		w.pass(1000)
		w.typed("two")
		w.pass(2000)
		close(again.focused)
		w.pass(1000)
		if err := w.stop(); err != nil { // also while it waits
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"text one", gap(policy.Blind), "text two"}, w.said()); d != "" {
			t.Errorf("steps differ (-want +got):\n%s", d)
		}
		if gone := a11y.ErrNoBus.Error(); !slices.Equal(w.untyped, []string{gone, "", gone}) {
			t.Errorf("why no text is recorded: %q", w.untyped)
		}
	})
}

// TestBusGoesWhileAsked holds that text which waits for a proof is dropped with the bus that would have given it.
func TestBusGoesWhileAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		w.s.hang()
		w.typed("hello")
		w.pass(500)
		w.s.goOn() // the second question is still to be put
		w.pass(50)
		looks := w.looks.Load()
		close(w.s.focused)
		w.pass(10)
		if n := w.looks.Load() - looks; n > 20 {
			t.Errorf("woke %d times", n)
		}
		w.pass(3000)
		if err := w.stop(); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{gap(policy.Blind)}, w.said()); d != "" {
			t.Errorf("steps differ (-want +got):\n%s", d)
		}
	})
}
