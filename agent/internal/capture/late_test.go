package capture

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/policy"
	"github.com/google/go-cmp/cmp"
)

// TestOneLateEvent holds that one event which was taken too late denies the action that it is a part of, whatever it is of it, and nothing else.
func TestOneLateEvent(t *testing.T) {
	const leftButton, wheelDown, pageDown = 1, 5, 0xff56
	key := func(kind x11.EventKind, sym uint32, char rune, repeat bool) x11.Event {
		return x11.Event{Kind: kind, Down: kind == x11.KeyPress, Sym: sym, Rune: char, Repeat: repeat}
	}
	button := func(kind x11.EventKind, button uint8, x int) x11.Event {
		return x11.Event{Kind: kind, Down: kind == x11.ButtonPress, Button: button, X: x, Y: 9}
	}
	for name, test := range map[string]struct {
		events []x11.Event
		intime []string
	}{
		"a double click": {[]x11.Event{button(x11.ButtonPress, leftButton, 9), button(x11.ButtonRelease, leftButton, 9),
			button(x11.ButtonPress, leftButton, 9), button(x11.ButtonRelease, leftButton, 9)}, []string{"click left 2 at 9,9"}},
		"a drag":   {[]x11.Event{button(x11.ButtonPress, leftButton, 9), button(x11.ButtonRelease, leftButton, 90)}, []string{"drag left 9,9 to 90,9"}},
		"a scroll": {[]x11.Event{button(x11.ButtonPress, wheelDown, 9), button(x11.ButtonPress, wheelDown, 9), button(x11.ButtonPress, wheelDown, 9)}, []string{"scroll 0,3"}},
		"a held key": {[]x11.Event{key(x11.KeyPress, pageDown, 0, false), key(x11.KeyPress, pageDown, 0, true), key(x11.KeyPress, pageDown, 0, true),
			key(x11.KeyRelease, pageDown, 0, false)}, []string{"hotkey Page_Down"}},
		"a held letter": {[]x11.Event{key(x11.KeyPress, 'a', 'a', false), key(x11.KeyPress, 'a', 'a', true), key(x11.KeyPress, 'a', 'a', true)}, []string{"text aaa"}},
	} {
		for slow := -1; slow < len(test.events); slow++ {
			want := []string{gap(policy.Blind)}
			if slow < 0 {
				want = test.intime
			}
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, allClasses)
				w.pass(1000)
				for i, e := range test.events {
					w.pass(80)
					if e.At = w.now(); i == slow {
						e.At = e.At.Add(-late - time.Millisecond)
					}
					e.Time = uint32(e.At.Boot / time.Millisecond)
					w.d.events <- e
				}
				w.pass(3000)
				w.typed("later")
				w.pass(3000)
				if err := w.stop(); err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(append(want, "text later"), w.said()); d != "" {
					t.Errorf("%s, event %d late: steps differ (-want +got):\n%s", name, slow, d)
				}
			})
		}
	}
}
