package x11

import "unicode"

// Keysyms that the keymap treats by name.
const (
	symModeSwitch  = 0xff7e
	symLevel3Shift = 0xfe03
	symNumLock     = 0xff7f
	symCapsLock    = 0xffe5
	firstKeypad    = 0xff80
	lastKeypad     = 0xffbd
)

// Modifier bits of a core event's state; Mod1 is bit 3.
const (
	shiftBit = 1 << 0
	lockBit  = 1 << 1
)

// layout is a core keymap: what each key gives under each combination of modifiers. The zero layout gives nothing.
type layout struct {
	first   byte
	columns int
	syms    []uint32
	level3  uint16 // the modifier bits that choose the third level
	numLock uint16
	caps    bool // the lock modifier is Caps Lock
}

// at is the keysym of a key in a column, 0 for none. Columns: group 1 levels 1 and 2, group 2 levels 1 and 2, group 1
// levels 3 and 4, group 2 levels 3 and 4.
func (l *layout) at(key byte, column int) uint32 {
	i := (int(key)-int(l.first))*l.columns + column
	if key < l.first || column >= l.columns || i >= len(l.syms) {
		return 0
	}
	return l.syms[i]
}

// sym is the keysym that a key gives under a state, as the core protocol and XKB's core view of its map define it.
func (l *layout) sym(key byte, state uint16) uint32 {
	base := 0
	if group := state >> 13 & 3; group%2 == 1 && l.at(key, 2) != 0 {
		base = 2
	}
	if state&l.level3 != 0 {
		switch {
		case l.at(key, base+4) != 0:
			base += 4
		case l.at(key, 2) != 0: // Mode_switch of an old map: the second group
			base = 2
		}
	}
	low, high := l.at(key, base), l.at(key, base+1)
	if high == 0 {
		high = upper(low)
	}
	shift := state&shiftBit != 0
	switch {
	case isKeypad(high) || isKeypad(low):
		if state&l.numLock != 0 {
			shift = !shift
		}
	case state&lockBit != 0 && (!l.caps || upper(low) == high && low != high):
		shift = !shift
	}
	if shift {
		return high
	}
	return low
}

func isKeypad(sym uint32) bool { return sym >= firstKeypad && sym <= lastKeypad }

// upper is the capital of a letter's keysym, the keysym itself if it has none.
func upper(sym uint32) uint32 {
	r := printed(sym)
	if r == 0 || unicode.ToUpper(r) == r {
		return sym
	}
	return symOf(unicode.ToUpper(r), sym>>8)
}

// symOf is a keysym that prints r, in the old block if it has one there.
func symOf(r rune, block uint32) uint32 {
	if r >= 0x20 && r <= 0x7e || r >= 0xa0 && r <= 0xff {
		return uint32(r)
	}
	if row, ok := legacy[block]; ok {
		i := uint32(0)
		for _, have := range row.runes {
			if have == r {
				return block<<8 | row.first + i
			}
			i++
		}
	}
	return 0x01000000 | uint32(r)
}

// printed is the rune that a keysym prints, 0 if it prints nothing. Dead keys and compositions are not known here.
func printed(sym uint32) rune {
	switch {
	case sym >= 0x20 && sym <= 0x7e, sym >= 0xa0 && sym <= 0xff:
		return rune(sym)
	case sym >= 0x01000020 && sym <= 0x0110ffff:
		if r := rune(sym & 0xffffff); unicode.IsPrint(r) {
			return r
		}
		return 0
	case sym >= 0xffaa && sym <= 0xffb9: // keypad * to 9
		return rune(sym - 0xff80)
	case sym == 0xffbd:
		return '='
	case sym == 0xff80:
		return ' '
	}
	row, ok := legacy[sym>>8]
	if !ok || sym&0xff < row.first {
		return 0
	}
	i := sym&0xff - row.first
	for _, r := range row.runes {
		if i == 0 {
			return r
		}
		i--
	}
	return 0
}
