package desktop

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// Hand types and clicks through XTEST, without cgo: plain letters, digits, spaces and newlines.
type Hand struct {
	x     *xgb.Conn
	root  xproto.Window
	codes map[rune]xproto.Keycode
}

// Hand returns a hand on this display. Close it.
func (d *Desktop) Hand() (*Hand, error) {
	x, err := xgb.NewConnDisplay(d.Display())
	if err != nil {
		return nil, fmt.Errorf("desktop: %w", err)
	}
	if err := xtest.Init(x); err != nil {
		x.Close()
		return nil, fmt.Errorf("desktop: XTEST: %w", err)
	}
	setup := xproto.Setup(x)
	count := byte(setup.MaxKeycode - setup.MinKeycode + 1)
	m, err := xproto.GetKeyboardMapping(x, setup.MinKeycode, count).Reply()
	if err != nil {
		x.Close()
		return nil, fmt.Errorf("desktop: the keyboard: %w", err)
	}
	h := &Hand{x: x, root: setup.DefaultScreen(x).Root, codes: map[rune]xproto.Keycode{}}
	for i := range int(count) {
		if sym := rune(m.Keysyms[i*int(m.KeysymsPerKeycode)]); h.codes[sym] == 0 {
			h.codes[sym] = setup.MinKeycode + xproto.Keycode(i)
		}
	}
	h.codes['\n'] = h.codes[0xff0d] // keysym Return
	return h, nil
}

// Close lets go of the display.
func (h *Hand) Close() { h.x.Close() }

// Type types text, a key every gap, and returns when the last key was pressed. It fails on a character that needs Shift or is not on the
// keyboard. The server is told a second of typing at once and keeps the time: however long this process waits for a processor, the keys
// come as one run. So after the end of ctx they come for a second more.
func (h *Hand) Type(ctx context.Context, text string, gap time.Duration) error {
	var codes []byte
	for _, r := range text {
		code, ok := h.codes[r]
		if !ok || code == 0 {
			return fmt.Errorf("desktop: no key for %q", r)
		}
		codes = append(codes, byte(code))
	}
	for second := range slices.Chunk(codes, int(max(1, time.Second/max(gap, 10*time.Millisecond)))) {
		if err := h.press(second, gap); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// press presses keys and lets them go, each a gap after the one before.
func (h *Hand) press(codes []byte, gap time.Duration) error {
	var asked []xtest.FakeInputCookie
	for _, code := range codes {
		asked = append(asked, xtest.FakeInputChecked(h.x, xproto.KeyPress, code, uint32(gap.Milliseconds()), h.root, 0, 0, 0),
			xtest.FakeInputChecked(h.x, xproto.KeyRelease, code, 0, h.root, 0, 0, 0))
	}
	for _, one := range asked {
		if err := one.Check(); err != nil {
			return fmt.Errorf("desktop: XTEST: %w", err)
		}
	}
	return nil
}

// Click moves to a point of the screen and clicks the left button.
func (h *Hand) Click(x, y int) error {
	if err := h.fake(xproto.MotionNotify, 0, x, y); err != nil {
		return err
	}
	for _, kind := range []byte{xproto.ButtonPress, xproto.ButtonRelease} {
		if err := h.fake(kind, 1, 0, 0); err != nil {
			return err
		}
	}
	return nil
}

// Scroll moves to a point of the screen and turns the wheel by so many notches, down if n is positive.
func (h *Hand) Scroll(x, y, n int) error {
	if err := h.fake(xproto.MotionNotify, 0, x, y); err != nil {
		return err
	}
	wheel := byte(5)
	if n < 0 {
		wheel, n = 4, -n
	}
	for range n {
		for _, kind := range []byte{xproto.ButtonPress, xproto.ButtonRelease} {
			if err := h.fake(kind, wheel, 0, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *Hand) fake(kind, detail byte, x, y int) error {
	if err := xtest.FakeInputChecked(h.x, kind, detail, 0, h.root, int16(x), int16(y), 0).Check(); err != nil {
		return fmt.Errorf("desktop: XTEST: %w", err)
	}
	return nil
}
