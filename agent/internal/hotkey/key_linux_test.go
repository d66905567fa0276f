package hotkey

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

const patience = 2 * time.Minute

// board is a keyboard that is played through XTEST.
type board struct {
	t     *testing.T
	x     *xgb.Conn
	root  xproto.Window
	codes map[uint32]byte
}

func newBoard(t *testing.T, display string) *board {
	t.Helper()
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	if err := xtest.Init(x); err != nil {
		t.Fatal(err)
	}
	b := &board{t: t, x: x, root: xproto.Setup(x).DefaultScreen(x).Root, codes: map[uint32]byte{}}
	first, last := xproto.Setup(x).MinKeycode, xproto.Setup(x).MaxKeycode
	m, err := xproto.GetKeyboardMapping(x, first, byte(last-first+1)).Reply()
	if err != nil {
		t.Fatal(err)
	}
	for i, sym := range m.Keysyms {
		if sym != 0 && b.codes[uint32(sym)] == 0 {
			b.codes[uint32(sym)] = byte(int(first) + i/int(m.KeysymsPerKeycode))
		}
	}
	return b
}

// chord presses the keys of the keysyms in order and releases them in the opposite one. A press in the very millisecond of a
// release would be the server's own repeat.
func (b *board) chord(syms ...uint32) {
	b.t.Helper()
	<-time.After(3 * time.Millisecond)
	fake := func(kind byte, sym uint32) {
		if err := xtest.FakeInputChecked(b.x, kind, b.codes[sym], 0, b.root, 0, 0, 0).Check(); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, s := range syms {
		fake(xproto.KeyPress, s)
	}
	for i := len(syms) - 1; i >= 0; i-- {
		fake(xproto.KeyRelease, syms[i])
	}
}

const ctrl, alt, shift, caps = 0xffe3, 0xffe9, 0xffe1, 0xffe5

func pressed(t *testing.T, k *Key) {
	t.Helper()
	select {
	case <-k.Pressed():
	case <-time.After(patience):
		t.Fatal("the combination was pressed, and nobody was told")
	}
}

func open(t *testing.T) (display string, k *Key) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	d, err := desktop.Start(ctx, desktop.Options{Width: 640, Height: 480, NoWM: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	c, err := Parse(Usual)
	if err != nil {
		t.Fatal(err)
	}
	if k, err = Open(d.Display(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)
	return d.Display(), k
}

// TestPressed: exactly the combination is told, whatever the locks; other combinations of its key are not.
func TestPressed(t *testing.T) {
	display, k := open(t)
	b := newBoard(t, display)
	if w := k.Words(); w != "" {
		t.Fatal(w)
	}
	b.chord(ctrl, alt, shift, 'p')
	pressed(t, k)
	b.chord(caps)
	b.chord(shift, ctrl, alt, 'p')
	pressed(t, k)
	b.chord(caps)
	b.chord(ctrl, alt, 'p')
	b.chord('p')
	b.chord(ctrl, alt, shift, 'o')
	b.chord(ctrl, alt, shift, 'p') // what is told before this one was told of the three above
	pressed(t, k)
	select {
	case <-k.Pressed():
		t.Error("another combination was told")
	default:
	}
	code := b.codes['p']
	const all = 1<<2 | 1<<3 | 1<<0
	if !k.Is(code, all) || !k.Is(code, all|2|16) || k.Is(code, all&^1) || k.Is(b.codes['o'], all) || !k.Has(code) || k.Has(b.codes['o']) {
		t.Error("the combination is not recognised as such")
	}
}

// TestHeldByAnother: a combination that another program holds is said, still recognised, and free again after it.
func TestHeldByAnother(t *testing.T) {
	display, first := open(t)
	second, err := Open(display, first.combo)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if w := second.Words(); !strings.Contains(w, "another program holds "+Usual) {
		t.Errorf("a taken combination: %q", w)
	}
	b := newBoard(t, display)
	if !second.Is(b.codes['p'], first.combo.mask) {
		t.Error("a taken combination would be recorded")
	}
	first.Close()
	third, err := Open(display, first.combo)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	if w := third.Words(); w != "" {
		t.Errorf("after its holder went: %q", w)
	}
	b.chord(ctrl, alt, shift, 'p')
	pressed(t, third)
}

// TestFollowsTheKeyboard: the combination moves with its letter when the keyboard gets another map, and a map without it is said.
func TestFollowsTheKeyboard(t *testing.T) {
	display, k := open(t)
	b := newBoard(t, display)
	was := b.codes['p']
	remap := func(code byte, syms ...xproto.Keysym) {
		if err := xproto.ChangeKeyboardMappingChecked(b.x, 1, xproto.Keycode(code), byte(len(syms)), syms).Check(); err != nil {
			t.Fatal(err)
		}
	}
	waitFor := func(what string, ok func() bool) {
		t.Helper()
		for limit := time.After(patience); !ok(); {
			select {
			case <-time.After(2 * time.Millisecond):
			case <-limit:
				t.Fatal(what)
			}
		}
	}
	remap(was, 'w', 'W')
	waitFor("a map without the letter is not said", func() bool { return strings.Contains(k.Words(), "no key") })
	remap(b.codes['w'], 'p', 'P')
	waitFor("the letter is not found again", func() bool { return k.Has(b.codes['w']) && !k.Has(was) && k.Words() == "" })
	b.chord(ctrl, alt, shift, 'w') // the key that was the w
	pressed(t, k)
}

// TestPressedWhileTheMapChanges: no press is lost while the map changes elsewhere, as it does when the person takes up another keyboard.
func TestPressedWhileTheMapChanges(t *testing.T) {
	display, k := open(t)
	b, other := newBoard(t, display), newBoard(t, display)
	code := xproto.Keycode(other.codes['o'])
	for i := range 300 {
		changed := make(chan error, 1)
		go func() {
			<-time.After(3*time.Millisecond + time.Duration(i%30)*50*time.Microsecond) // somewhere in the chord
			sym := xproto.Keysym('o' - 32*(i%2))                                       // a key of no concern
			changed <- xproto.ChangeKeyboardMappingChecked(other.x, 1, code, 1, []xproto.Keysym{sym}).Check()
		}()
		b.chord(ctrl, alt, shift, 'p')
		pressed(t, k)
		if err := <-changed; err != nil {
			t.Fatal(err)
		}
	}
}
