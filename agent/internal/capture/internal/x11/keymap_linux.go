package x11

import (
	"fmt"

	"github.com/jezek/xgb/xproto"
)

// keymap is the display's keymap as last read. The zero keymap gives no keysym.
type keymap struct{ layout }

func (k *keymap) sym(key xproto.Keycode, state uint16) uint32 { return k.layout.sym(byte(key), state) }

// load reads the keymap and the meaning of the modifiers.
func (k *keymap) load(c *conn) error {
	first, last := c.setup.MinKeycode, c.setup.MaxKeycode
	syms := xproto.GetKeyboardMapping(c.Conn, first, byte(last-first)+1)
	mods := xproto.GetModifierMapping(c.Conn)
	sr, err := syms.Reply()
	if err != nil {
		return fmt.Errorf("x11: read the keymap: %w", err)
	}
	mr, err := mods.Reply()
	if err != nil {
		return fmt.Errorf("x11: read the modifiers: %w", err)
	}
	l := layout{first: byte(first), columns: int(sr.KeysymsPerKeycode), syms: make([]uint32, len(sr.Keysyms))}
	for i, s := range sr.Keysyms {
		l.syms[i] = uint32(s)
	}
	per := int(mr.KeycodesPerModifier)
	for i, key := range mr.Keycodes {
		l.learn(byte(key), uint16(1)<<(i/max(1, per)))
	}
	k.layout = l
	return nil
}

// learn notes what the key of a modifier bit means.
func (l *layout) learn(key byte, bit uint16) {
	for col := range l.columns {
		switch l.at(key, col) {
		case symLevel3Shift, symModeSwitch:
			if bit > lockBit {
				l.level3 |= bit
			}
		case symNumLock:
			l.numLock |= bit
		case symCapsLock:
			l.caps = l.caps || bit == lockBit
		}
	}
}
