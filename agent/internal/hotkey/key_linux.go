package hotkey

import (
	"errors"
	"io"
	"log"
	"slices"
	"sync"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// xgb writes its own worries to stderr; ours are errors that a caller sees.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }

// locks are the modifiers that must not matter: CapsLock and NumLock, in all combinations.
var locks = [...]uint16{0, xproto.ModMaskLock, xproto.ModMask2, xproto.ModMaskLock | xproto.ModMask2}

// Key is a combination on one display. Its methods may be called from any goroutine. A nil Key is none.
type Key struct {
	x       *xgb.Conn
	root    xproto.Window
	combo   Combo
	pressed chan struct{}
	ended   chan struct{}

	down bool             // run's own: it is held, and what repeats is no second press
	up   xproto.Timestamp // run's own: of the last release

	mu    sync.Mutex
	codes []xproto.Keycode // the keys that carry the combination's key, under the present keyboard map
	taken bool             // another program holds it
	close sync.Once
}

// Open asks the display for the combination. It gives a Key also if another program holds the combination; see Words.
// The zero Combo gives nil.
func Open(display string, c Combo) (*Key, error) {
	if c.sym == 0 {
		return nil, nil
	}
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, errors.New("hotkey: no display: set DISPLAY (and XAUTHORITY) to a running X session")
	}
	k := &Key{x: x, combo: c, root: xproto.Setup(x).DefaultScreen(x).Root, pressed: make(chan struct{}, 1), ended: make(chan struct{})}
	if err := k.grab(); err != nil {
		x.Close()
		return nil, err
	}
	go k.run()
	return k, nil
}

// Pressed receives when the person pressed the combination. Presses that were not received yet are one. It is closed when the
// display is gone.
func (k *Key) Pressed() <-chan struct{} {
	if k == nil {
		return nil
	}
	return k.pressed
}

// Words say why pressing the combination does nothing; "" if it does.
func (k *Key) Words() string {
	if k == nil {
		return ""
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case k.taken:
		return "another program holds " + k.combo.String() + "; choose another one with byleave run --hotkey"
	case len(k.codes) == 0:
		return "this keyboard has no key for " + k.combo.String() + "; choose another one with byleave run --hotkey"
	}
	return ""
}

// Is tells whether a key with these modifiers is the combination. That another program holds it changes nothing: a person
// who wants to pause must not be recorded as doing so.
func (k *Key) Is(code byte, state uint16) bool {
	return k.Has(code) && state&held == k.combo.mask
}

// Has tells whether a key is the combination's key, whatever the modifiers.
func (k *Key) Has(code byte) bool {
	if k == nil {
		return false
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Contains(k.codes, xproto.Keycode(code))
}

// Close gives the combination back and waits for the goroutine. Closing twice is fine.
func (k *Key) Close() {
	if k == nil {
		return
	}
	k.close.Do(k.x.Close)
	<-k.ended
}

// grab finds the keys under the present keyboard map and asks for the combination with each. A key that carries it already is
// asked for no second time and never let go of: a press that comes while the map is read, as it does when the person takes up
// another keyboard, is told.
func (k *Key) grab() error {
	setup := xproto.Setup(k.x)
	first, n := setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)
	m, err := xproto.GetKeyboardMapping(k.x, first, n).Reply()
	if err != nil || m.KeysymsPerKeycode == 0 {
		return errors.New("hotkey: the display does not tell its keyboard")
	}
	var codes []xproto.Keycode
	per := int(m.KeysymsPerKeycode)
	for i := 0; (i+1)*per <= len(m.Keysyms); i++ {
		if slices.Contains(m.Keysyms[i*per:(i+1)*per], xproto.Keysym(k.combo.sym)) {
			codes = append(codes, first+xproto.Keycode(i))
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	was, again := k.codes, k.taken // whoever holds it may have let go
	k.codes, k.taken = codes, false
	for _, code := range codes {
		if !again && slices.Contains(was, code) {
			continue
		}
		for _, lock := range locks {
			if err := xproto.GrabKeyChecked(k.x, false, k.root, k.combo.mask|lock, code, xproto.GrabModeAsync, xproto.GrabModeAsync).Check(); err != nil {
				k.taken = true
			}
		}
	}
	for _, code := range was {
		if !slices.Contains(codes, code) {
			xproto.UngrabKey(k.x, code, k.root, xproto.ModMaskAny)
		}
	}
	return nil
}

// run reads the display's events until it ends.
func (k *Key) run() {
	defer close(k.ended)
	defer close(k.pressed)
	for {
		e, err := k.x.WaitForEvent()
		switch e := e.(type) {
		case xproto.KeyPressEvent:
			k.press(e)
		case xproto.KeyReleaseEvent:
			k.down, k.up = false, e.Time
		case xproto.MappingNotifyEvent:
			if k.grab() != nil {
				return // the display is dying
			}
		case nil:
			if err == nil {
				return
			}
		}
	}
}

// press tells of a press. A key that stays down repeats as a release and a press of one time.
func (k *Key) press(e xproto.KeyPressEvent) {
	again := k.down || e.Time == k.up
	k.down = true
	if again {
		return
	}
	select {
	case k.pressed <- struct{}{}:
	default:
	}
}
