package x11

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jezek/xgb/xproto"
)

func TestIdentity(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a := newApp(t, d)
	w := a.window(100, 100, 200, 200, green, false)
	a.words(w, a.atoms["_NET_WM_PID"], xproto.AtomCardinal, 1) // a lie: the server knows better
	waitFocus(t, s, w)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f := s.Focus()
	if f.Class != "Painter" || f.Instance != "painter" || f.Title != "a title" || f.PID != os.Getpid() || f.Executable != exe {
		t.Errorf("identity: %+v", f)
	}
	a.set(w, a.atoms["WM_CLIENT_MACHINE"], xproto.AtomString, []byte("elsewhere.example"))
	wait(t, s, "a remote client", func(e Event) bool { return e.Kind == FocusChanged && e.Focus.Executable == "" })
}

// Titles of any size and content come as valid UTF-8 of a bounded size.
func TestHostileTitles(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a := newApp(t, d)
	w := a.window(100, 100, 200, 200, green, false)
	waitFocus(t, s, w)
	for _, title := range []string{strings.Repeat("é", 60_000), "\xff\xfe\x80 broken \x1b[31m", strings.Repeat("x", titleLimit-1) + "é"} {
		a.set(w, a.atoms["_NET_WM_NAME"], a.atoms["UTF8_STRING"], []byte(title))
		e := wait(t, s, "the title", func(e Event) bool { return e.Kind == TitleChanged })
		if got := e.Focus.Title; !utf8.ValidString(got) || len(got) > titleLimit || got == "" {
			t.Errorf("a title of %d bytes came as %d bytes, valid %v", len(title), len(got), utf8.ValidString(got))
		}
	}
}

// Between two windows the manager tells "none" for a moment: nobody hears it. A real "none" is told, whatever the
// manager still calls active.
func TestShortNoneIsNotTold(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a, b := newApp(t, d), newApp(t, d)
	v := a.window(100, 100, 200, 200, green, false)
	waitFocus(t, s, v)
	w := b.window(400, 100, 200, 200, purple, false)
	wait(t, s, "the second window", func(e Event) bool {
		if e.Kind == FocusChanged && e.Focus.Window == 0 {
			t.Error("a short none was told")
		}
		return e.Kind == FocusChanged && e.Focus.Window == uint32(w) && e.Focus.Known
	})
	xproto.UnmapWindow(a.Conn, v)
	a.Sync()
	xproto.UnmapWindow(b.Conn, w)
	wait(t, s, "none", func(e Event) bool { return e.Kind == FocusChanged && !e.Focus.Known })
}

// A launcher or lock screen that grabs the keyboard leaves the active window as it is: its keys are not the window's.
func TestForeignGrabMakesTheFocusUnknown(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a, lock := newApp(t, d), newApp(t, d)
	w := a.window(100, 100, 200, 200, green, false)
	waitFocus(t, s, w)
	over := lock.window(0, 0, 100, 100, purple, true)
	until(t, "the grab", func() bool {
		r, err := xproto.GrabKeyboard(lock.Conn, false, over, 0, xproto.GrabModeAsync, xproto.GrabModeAsync).Reply()
		return err == nil && r.Status == xproto.GrabStatusSuccess
	})
	wait(t, s, "unknown", func(e Event) bool { return e.Kind == FocusChanged && !e.Focus.Known && e.Focus.Window == uint32(w) })
	xproto.UngrabKeyboard(lock.Conn, 0)
	wait(t, s, "known again", func(e Event) bool { return e.Kind == FocusChanged && e.Focus.Known && e.Focus.Window == uint32(w) })
}

// TestKeyInAShortLoss: a key that went to another client is not the active window's, however soon the keyboard came back.
func TestKeyInAShortLoss(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a, b, h := newApp(t, d), newApp(t, d), newHand(t, d)
	v := a.window(100, 100, 200, 200, green, false)
	waitFocus(t, s, v)
	w := b.window(0, 0, 100, 100, purple, true)
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []time.Duration{0, 5 * time.Millisecond, 20 * time.Millisecond} {
		focused := func(w xproto.Window) {
			if err := xproto.SetInputFocusChecked(h.Conn, xproto.InputFocusPointerRoot, w, 0).Check(); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(200 * time.Millisecond)
		focused(w)
		time.Sleep(rest)
		h.key(38)
		h.Sync()
		time.Sleep(rest)
		focused(v)
		time.Sleep(300 * time.Millisecond)
		h.key(39)
		h.Sync()
		var lost, key uint32
		done := false
		wait(t, s, "the key after it", func(e Event) bool {
			switch {
			case e.Kind == FocusChanged && !e.Focus.Known:
				lost = e.Time
			case e.Kind == KeyPress && e.Rune == 'a':
				key = e.Time
			}
			done = done || e.Kind == KeyRelease && e.Rune == 's'
			return done && lost != 0
		})
		if after(lost, key+100) { // the server tells no time of it, and what lies within 250 ms of an edge is dropped
			t.Errorf("lost for %v, a key in it at %d, and it is told as lost at %d", 2*rest, key, lost)
		}
	}
}

// TestKeyboardInAForeignWindowInside: what is typed into a window of another client that lies in the active one is not the active window's.
// The server tells nothing of a keyboard that goes from one window inside to another.
func TestKeyboardInAForeignWindowInside(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a, b, h := newApp(t, d), newApp(t, d), newHand(t, d)
	v := a.window(100, 100, 200, 200, green, false)
	waitFocus(t, s, v)
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	for _, app := range []*app{b, a, b, a} {
		in := app.inner(v, 10, 10, 50, 50, purple)
		if err := xproto.SetInputFocusChecked(app.Conn, xproto.InputFocusPointerRoot, in, 0).Check(); err != nil {
			t.Fatal(err)
		}
		h.key(38)
		h.Sync()
		right := func() bool { got := s.Focus(); return got.Known == (app == a) && got.Window == uint32(v) }
		until(t, "the keyboard in the window inside", right)
		time.Sleep(3 * debounce)
		if got := s.Focus(); !right() {
			t.Errorf("the keyboard is in a window inside, of the same client: %v, and the focus is %+v", app == a, got)
		}
	}
}
