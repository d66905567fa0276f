package agent

import (
	"context"
	"fmt"
	"image"
	"io"
	"log"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

func rect(x, y, w, h int) image.Rectangle { return image.Rect(x, y, x+w, y+h) }

// hand types letters and spaces through XTEST.
type hand struct {
	x     *xgb.Conn
	codes map[rune]xproto.Keycode
}

func newHand(display string) (*hand, error) {
	xgb.Logger = log.New(io.Discard, "", 0)
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, fmt.Errorf("connect to the display: %w", err)
	}
	if err := xtest.Init(x); err != nil {
		return nil, err
	}
	setup := xproto.Setup(x)
	count := byte(setup.MaxKeycode - setup.MinKeycode + 1)
	m, err := xproto.GetKeyboardMapping(x, setup.MinKeycode, count).Reply()
	if err != nil {
		return nil, err
	}
	h := &hand{x: x, codes: map[rune]xproto.Keycode{}}
	for i := range int(count) {
		if sym := rune(m.Keysyms[i*int(m.KeysymsPerKeycode)]); h.codes[sym] == 0 {
			h.codes[sym] = setup.MinKeycode + xproto.Keycode(i)
		}
	}
	return h, nil
}

func (h *hand) close() { h.x.Close() }

// typeFor types words for d, a key every gap, and pauses for a second after every stretch.
func (h *hand) typeFor(ctx context.Context, d, gap, stretch time.Duration) error {
	const text = "the quick brown fox jumps over the lazy dog "
	end := time.Now().Add(d)
	pause := time.Now().Add(stretch)
	tick := time.NewTicker(gap)
	defer tick.Stop()
	for i := 0; time.Now().Before(end); i++ {
		if err := h.press(rune(text[i%len(text)])); err != nil {
			return err
		}
		wait := tick.C
		if time.Now().After(pause) {
			pause = time.Now().Add(stretch + time.Second)
			wait = time.After(time.Second)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (h *hand) press(r rune) error {
	for _, kind := range []byte{xproto.KeyPress, xproto.KeyRelease} {
		if err := xtest.FakeInputChecked(h.x, kind, byte(h.codes[r]), 0, xproto.Setup(h.x).DefaultScreen(h.x).Root, 0, 0, 0).Check(); err != nil {
			return fmt.Errorf("press a key: %w", err)
		}
	}
	return nil
}
