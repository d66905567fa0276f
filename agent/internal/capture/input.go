package capture

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// deed is what an input event is.
type deed uint8

const (
	keyDown deed = iota + 1
	keyUp
	buttonDown
	buttonUp
	motion
)

// input is one event of a keyboard or a pointer, with the place at which it happened.
type input struct {
	deed   deed
	at     policy.Moment
	stamp  uint32 // the server's own time of it
	button uint8
	x, y   int
	state  uint16 // modifiers held just before
	sym    uint32
	char   rune // printable, or 0
	repeat bool
	place  *place
}

// place is what has the focus: shared by all events until the focus moves.
type place struct {
	window  uint32
	win     raw.Window
	focus   uint64 // the focused element, 0 if unknown
	element raw.Element
	known   bool // the element belongs to this window, and its role is known
	prompt  bool // it is a terminal, of which is known whether it asks for a password, and it does not
	text    bool // and it is a text field
	lines   bool // of several lines: Return and Tab are text there
}

// writable tells whether what is typed here goes to a known text field.
func (p *place) writable() bool { return p.known && p.text }

// The modifiers in an event's state.
const (
	shiftMask = 1 << 0
	ctrlMask  = 1 << 2
	altMask   = 1 << 3
	superMask = 1 << 6
	pressed   = ctrlMask | altMask | superMask
)

// after tells whether moment m lies more than d after moment n.
func after(m, n policy.Moment, d time.Duration) bool { return m.Boot-n.Boot > d }
