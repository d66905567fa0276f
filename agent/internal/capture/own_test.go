package capture

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
)

const allThree = ctrlMask | altMask | shiftMask

// press sends a press and a release of the hotkey's key with the given modifiers.
func (w *world) press(state uint16, repeat bool) {
	w.send(x11.Event{Kind: x11.KeyPress, Down: true, Keycode: 33, Sym: 'P', Rune: 'P', State: state, Repeat: repeat})
	w.pass(5)
	w.send(x11.Event{Kind: x11.KeyRelease, Keycode: 33, Sym: 'P', Rune: 'P', State: state})
	w.pass(5)
}

// modifier sends a press or a release of a modifier.
func (w *world) modifier(kind x11.EventKind, sym uint32, state uint16) {
	w.send(x11.Event{Kind: kind, Down: kind == x11.KeyPress, Sym: sym, State: state})
	w.pass(5)
}

// TestOwnHotkeyIsNoAction: the gesture that pauses leaves nothing, neither its key nor its modifiers nor the repeats that go on
// after the modifiers were let go. The same key without them, and another combination of it, are recorded as ever.
func TestOwnHotkeyIsNoAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		defer w.stop()
		w.modifier(x11.KeyPress, 0xffe3, 0)
		w.modifier(x11.KeyPress, 0xffe9, ctrlMask)
		w.modifier(x11.KeyPress, 0xffe1, ctrlMask|altMask)
		w.press(allThree, false)
		w.press(allThree|2, true) // with CapsLock
		w.modifier(x11.KeyRelease, 0xffe3, allThree)
		w.press(altMask|shiftMask, true)
		w.modifier(x11.KeyRelease, 0xffe9, altMask|shiftMask)
		w.press(shiftMask, true)
		w.modifier(x11.KeyRelease, 0xffe1, shiftMask)
		w.press(0, true)
		w.pass(3000)
		if got := w.said(); len(got) != 0 {
			t.Fatalf("the gesture to Byleave was recorded: %q", got)
		}
		w.press(ctrlMask, false)
		w.pass(3000)
		w.press(0, false)
		w.press(0, true)
		w.pass(3000)
		var combos []string
		for _, s := range w.of(raw.Hotkey) {
			combos = append(combos, s.Combo)
		}
		if texts := w.of(raw.Text); !slices.Equal(combos, []string{"ctrl+p"}) || len(texts) != 1 || len(texts[0].Keys) != 2 {
			t.Errorf("the key alone: hotkeys %q, texts %q", combos, w.said())
		}
	})
}

// TestPressOnTheMarkIsNoAction: a press that the mark says it took is no click of the window below, whatever the display
// says later of who owns the pixel.
func TestPressOnTheMarkIsNoAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, allClasses)
		defer w.stop()
		w.mark.at.Store(uint32(w.now().Boot.Milliseconds()))
		w.click(10, 10)
		w.pass(3000)
		if got := w.of(raw.Click); len(got) != 0 {
			t.Fatalf("a press on the mark was recorded: %q", w.said())
		}
		w.click(10, 10)
		w.pass(3000)
		if got := w.of(raw.Click); len(got) != 1 {
			t.Errorf("a press beside the mark: %q", w.said())
		}
	})
}
