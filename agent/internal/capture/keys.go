package capture

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// Keysyms that are named in steps or edit text. The keypad's twins lie in keypad.
const (
	symBackSpace  = 0xff08
	symTab        = 0xff09
	symReturn     = 0xff0d
	symEscape     = 0xff1b
	symHome       = 0xff50
	symLeft       = 0xff51
	symUp         = 0xff52
	symRight      = 0xff53
	symDown       = 0xff54
	symPageUp     = 0xff55
	symPageDown   = 0xff56
	symEnd        = 0xff57
	symPrint      = 0xff61
	symInsert     = 0xff63
	symMenu       = 0xff67
	symPause      = 0xff13
	symDelete     = 0xffff
	symF1         = 0xffbe
	symF35        = 0xffe0
	symLeftTab    = 0xfe20 // what shift makes of Tab
	symSpace      = 0x20
	symKeypadTab  = 0xff89
	symKeypadRet  = 0xff8d
	symKeypadHome = 0xff95
	symKeypadDel  = 0xff9f
)

var keyNames = map[uint32]string{
	symBackSpace: "BackSpace", symTab: "Tab", symReturn: "Return", symEscape: "Escape", symHome: "Home", symLeft: "Left",
	symUp: "Up", symRight: "Right", symDown: "Down", symPageUp: "Page_Up", symPageDown: "Page_Down", symEnd: "End",
	symPrint: "Print", symInsert: "Insert", symMenu: "Menu", symPause: "Pause", symDelete: "Delete", symSpace: "space",
}

// keypad maps the keypad's keys to what they do: Home, Left, Up, Right, Down, Page_Up, Page_Down, End, Begin, Insert, Delete.
var keypad = [...]uint32{symHome, symLeft, symUp, symRight, symDown, symPageUp, symPageDown, symEnd, 0, symInsert, symDelete}

// plain folds the keys that are the same to a person.
func plain(sym uint32) uint32 {
	switch {
	case sym == symLeftTab, sym == symKeypadTab:
		return symTab
	case sym == symKeypadRet:
		return symReturn
	case sym >= symKeypadHome && sym <= symKeypadDel:
		return keypad[sym-symKeypadHome]
	}
	return sym
}

// isModifier tells whether a key only changes what others mean: shift, control, locks, group switches, dead keys.
func isModifier(sym uint32) bool {
	return sym >= 0xffe1 && sym <= 0xffee || sym >= 0xfe01 && sym <= 0xfe13 || sym >= 0xfe50 && sym <= 0xfe93 ||
		sym == 0xff7e || sym == 0xff7f || sym == 0xff14 || sym == 0xff20 || sym == 0
}

// nature is what a key press means where it happened.
type nature uint8

const (
	noKey    nature = iota // a modifier, or a key without a name
	textKey                // writes or deletes: begins or joins a text run
	moveKey                // edits in a text field: joins a run, is a hotkey where there is none
	hotKey                 // a combination or a named key
	blindKey               // goes nobody knows where: nothing is told of it
)

// classify says what a key press is. A combination is recognised at the press, so the order of the releases is nothing to us.
// Only a key with ctrl, alt or super is a combination: shift and AltGr choose a character.
func classify(in input) nature {
	sym := plain(in.sym)
	if isModifier(sym) {
		return noKey
	}
	if in.state&pressed != 0 {
		switch e := editOf(in); {
		case e == raw.WordBack || e == raw.WordDelete:
			return writing(in.place)
		case sym == symTab && in.state&(altMask|superMask) != 0:
			return noKey // leaves the window; it is the window manager's
		case keyName(in) == "":
			return noKey
		}
		return named(in.place)
	}
	if in.char != 0 && unicode.IsPrint(in.char) {
		return writing(in.place)
	}
	switch sym {
	case symBackSpace, symDelete:
		if in.place.known && !in.place.text {
			return hotKey
		}
		return writing(in.place)
	case symReturn, symTab:
		return entering(in)
	case symLeft, symRight, symUp, symDown, symHome, symEnd:
		return entering(in)
	}
	if keyName(in) == "" {
		return noKey
	}
	return named(in.place)
}

// named is the nature of a combination and of a key that writes nothing. Where nobody knows the element they are not told either: it may
// ask for a password, and then how often and when keys go there is nobody's business. A terminal is looked at after every key.
func named(p *place) nature {
	if p.known || p.prompt {
		return hotKey
	}
	return blindKey
}

// writing is the nature of a key that writes or deletes.
func writing(p *place) nature {
	if p.writable() {
		return textKey
	}
	return blindKey
}

// entering is the nature of Return, Tab and the keys that move a caret.
func entering(in input) nature {
	switch sym := plain(in.sym); {
	case !in.place.known:
		return blindKey // it could end a password
	case !in.place.text:
		return hotKey
	case sym == symReturn && in.place.lines, sym == symTab && in.place.lines && in.state&shiftMask == 0:
		return textKey
	case sym == symReturn || sym == symTab:
		return hotKey
	}
	return moveKey
}

// editOf says what a key does to a text field, as far as a shadow buffer needs to know.
func editOf(in input) raw.Edit {
	if in.char != 0 && in.state&pressed == 0 {
		return raw.NoEdit
	}
	sym, shift, ctrl := plain(in.sym), in.state&shiftMask != 0, in.state&ctrlMask != 0
	if in.state&(altMask|superMask) != 0 {
		return raw.Unknown
	}
	if ctrl {
		switch {
		case sym == symBackSpace && !shift:
			return raw.WordBack
		case sym == symDelete && !shift:
			return raw.WordDelete
		case (sym == 'a' || sym == 'A') && !shift:
			return raw.SelectAll
		}
		return raw.Unknown
	}
	if shift {
		switch sym {
		case symLeft:
			return raw.SelectLeft
		case symRight:
			return raw.SelectRight
		case symBackSpace, symReturn:
		default:
			return raw.Unknown
		}
	}
	if e, ok := edits[sym]; ok {
		return e
	}
	return raw.Unknown
}

var edits = map[uint32]raw.Edit{
	symBackSpace: raw.Backspace, symDelete: raw.Delete, symLeft: raw.Left, symRight: raw.Right, symUp: raw.Up, symDown: raw.Down,
	symHome: raw.Home, symEnd: raw.End, symReturn: raw.Newline, symTab: raw.Tab,
}

// combo is the name of a hotkey, modifiers first and always in one order: "ctrl+shift+End", "alt+f", "Return".
func combo(in input) string {
	if held := heldKeys(in.state); held != "" {
		return held + "+" + keyName(in)
	}
	return keyName(in)
}

// heldKeys names the modifiers of a state: "ctrl+shift", "" if there is none. A press with ctrl is another action than one without.
func heldKeys(state uint16) string {
	i := 0
	for n, mask := range modifierMasks {
		if state&mask != 0 {
			i |= 1 << n
		}
	}
	return modifierNames[i]
}

// The modifiers in the order in which they are named, and the name of each set of them.
var (
	modifierMasks = [...]uint16{ctrlMask, altMask, shiftMask, superMask}
	modifierNames = func() (names [1 << len(modifierMasks)]string) {
		for i := range names {
			var held []string
			for n, name := range [...]string{"ctrl", "alt", "shift", "super"} {
				if i&(1<<n) != 0 {
					held = append(held, name)
				}
			}
			names[i] = strings.Join(held, "+")
		}
		return names
	}()
)

// keyName is the name of one key, "" if it has none. A letter is named by its small form: shift is said beside it.
func keyName(in input) string {
	sym := plain(in.sym)
	if n, ok := keyNames[sym]; ok {
		return n
	}
	if sym >= symF1 && sym <= symF35 {
		return "F" + strconv.Itoa(int(sym-symF1+1))
	}
	char := in.char
	if char == 0 {
		char = charOf(sym)
	}
	switch {
	case char == '+':
		return "plus"
	case char == 0 || !unicode.IsPrint(char):
		return ""
	}
	return string(unicode.ToLower(char))
}

// charOf is the character of a keysym: Latin 1 stands for itself, others carry their code point.
func charOf(sym uint32) rune {
	switch {
	case sym >= 0x20 && sym <= 0x7e, sym >= 0xa0 && sym <= 0xff:
		return rune(sym)
	case sym >= 0x01000100 && sym <= 0x0110ffff:
		return rune(sym - 0x01000000)
	}
	return 0
}
