package hotkey

import (
	"fmt"
	"strconv"
	"strings"
)

// Usual is the combination where the person names none. Three modifiers and a letter collide with little: desktops and
// editors use two at most.
const Usual = "ctrl+alt+shift+p"

// None is the word for no combination.
const None = "none"

// modifiers in their order in a name, with their masks in an event's state.
var modifiers = [...]struct {
	name string
	mask uint16
}{{"ctrl", 1 << 2}, {"alt", 1 << 3}, {"shift", 1 << 0}, {"super", 1 << 6}}

// held is all modifiers that count; CapsLock and NumLock do not.
const held = 1<<2 | 1<<3 | 1<<0 | 1<<6

// Combo is modifiers and a key. The zero Combo is none.
type Combo struct {
	mask uint16
	sym  uint32
	name string
}

// Parse reads a name such as ctrl+alt+shift+p or super+F9: at least one of ctrl, alt and super, and a letter, a digit, a function
// key or Pause. "none" is the zero Combo.
func Parse(s string) (Combo, error) {
	if s == None {
		return Combo{}, nil
	}
	parts := strings.Split(s, "+")
	c := Combo{sym: symOf(parts[len(parts)-1])}
	for _, part := range parts[:len(parts)-1] {
		mask := maskOf(part)
		if mask == 0 || c.mask&mask != 0 {
			return Combo{}, fmt.Errorf("the hotkey %q is not understood: modifiers are ctrl, alt, shift and super, each once", s)
		}
		c.mask |= mask
	}
	if c.sym == 0 || c.mask&^maskOf("shift") == 0 {
		return Combo{}, fmt.Errorf("the hotkey %q is not understood: write ctrl, alt or super, and a letter, digit, F1 to F12 or Pause, for example %s", s, Usual)
	}
	for _, m := range modifiers {
		if c.mask&m.mask != 0 {
			c.name += m.name + "+"
		}
	}
	c.name += parts[len(parts)-1]
	return c, nil
}

// String is the name; "none" for the zero Combo.
func (c Combo) String() string {
	if c.name == "" {
		return None
	}
	return c.name
}

func maskOf(name string) uint16 {
	for _, m := range modifiers {
		if m.name == name {
			return m.mask
		}
	}
	return 0
}

// symOf is the keysym of a key's name, 0 if it has none here.
func symOf(name string) uint32 {
	switch {
	case len(name) == 1 && (name[0] >= 'a' && name[0] <= 'z' || name[0] >= '0' && name[0] <= '9'):
		return uint32(name[0])
	case name == "Pause":
		return 0xff13
	case strings.HasPrefix(name, "F"):
		if n, err := strconv.Atoi(name[1:]); err == nil && n >= 1 && n <= 12 {
			return 0xffbe + uint32(n) - 1
		}
	}
	return 0
}
