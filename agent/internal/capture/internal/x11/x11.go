package x11

import (
	"errors"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// ErrNoDisplay says that there is no display to listen to; the wrapped text names the reason.
var ErrNoDisplay = errors.New("x11: no display answers: set DISPLAY (and XAUTHORITY) to a running local X session")

// ErrNoWindowManager says that nobody tells which window is active, so nothing may be recorded.
var ErrNoWindowManager = errors.New("x11: no window manager that follows EWMH: start one (any common desktop has it)")

// ErrDisplayDied is what Err gives after the display went away.
var ErrDisplayDied = errors.New("x11: the display went away")

// ErrCensor says that the server's pictures of a window may hold pixels of another window.
var ErrCensor = errors.New("x11: this server does not keep other windows out of a window's picture: frames are unsafe here")

// ErrBacklog is what Err gives when nobody took the events for so long that some would have to be dropped.
var ErrBacklog = errors.New("x11: events were not taken in time")

// ErrLacks says that the display lacks an extension that recording needs.
type ErrLacks struct{ Extension string }

func (e ErrLacks) Error() string {
	return "x11: the display lacks the extension " + e.Extension + ": recording needs a local X server that has it"
}

// EventKind says what an Event is.
type EventKind uint8

// The kinds. The zero kind is no event.
const (
	KeyPress EventKind = iota + 1
	KeyRelease
	ButtonPress
	ButtonRelease
	Motion
	FocusChanged    // Focus is the new state; Time is when it began
	TitleChanged    // Focus is the new state
	Settled         // the watched window stood still for 15 ms (or the cap passed), and a slot was grabbed
	GeometryChanged // the watched window moved, was resized, mapped or unmapped, or its popups came or went
	WMLost          // no window manager that follows EWMH tells which window is active, or none any more: the focus is unknown
	WMFound         // there is one again; after it comes what it tells
)

// Event is one thing that happened on the display.
type Event struct {
	Kind    EventKind
	Time    uint32        // X server milliseconds
	At      policy.Moment // the same on both clocks
	Button  uint8         // 1 left, 2 middle, 3 right, 4 to 7 wheel
	Down    bool          // a press
	X, Y    int           // screen pixels: keys and pointer
	State   uint16        // modifiers and buttons before the event, as in the core protocol
	Keycode uint8
	Sym     uint32 // keysym under the keymap of that moment, 0 for none
	Rune    rune   // what Sym prints, 0 if nothing
	Repeat  bool   // KeyPress only: the server made it from a key that stays down
	Focus   *Focus // FocusChanged, TitleChanged, GeometryChanged
	Window  uint32 // the active window, as known on arrival
}

// Focus is the active window and who it belongs to. The zero Focus is: nobody knows.
type Focus struct {
	Window          uint32
	Class, Instance string // WM_CLASS, valid UTF-8, uninterpreted
	Executable      string // path; empty if the client is remote, of another user, or cannot be told
	Title           string // valid UTF-8 of at most 4 KiB, uninterpreted: it may hold control characters
	PID             int    // as the X server knows it where it can tell; 0 if unknown
	Known           bool   // a window with a class is active, and the keyboard goes to its client
	Popups          bool   // menus, drop-downs or tooltips of it are open (told for the watched window)
}

// empty tells whether r has no area.
func empty(r raw.Rect) bool { return r.W <= 0 || r.H <= 0 }

// meet is the area that a and b share.
func meet(a, b raw.Rect) raw.Rect {
	x, y := max(a.X, b.X), max(a.Y, b.Y)
	r := raw.Rect{X: x, Y: y, W: min(a.X+a.W, b.X+b.W) - x, H: min(a.Y+a.H, b.Y+b.H) - y}
	if empty(r) {
		return raw.Rect{}
	}
	return r
}

// join is the smallest rectangle around a and b; an empty one counts for nothing.
func join(a, b raw.Rect) raw.Rect {
	if empty(a) {
		return b
	}
	if empty(b) {
		return a
	}
	x, y := min(a.X, b.X), min(a.Y, b.Y)
	return raw.Rect{X: x, Y: y, W: max(a.X+a.W, b.X+b.W) - x, H: max(a.Y+a.H, b.Y+b.H) - y}
}
