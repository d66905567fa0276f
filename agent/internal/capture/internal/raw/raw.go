package raw

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/policy"
)

// Event is one step as it was, before redaction. It formats to nothing, has no exported field and no method that
// gives content: only a package that may import raw can open one. Its content sits in a closure, so that neither
// reflection nor an encoder finds it. The zero Event is empty.
type Event struct {
	content func() Step
}

// Wrap closes a step into an Event. The caller gives up the step and the pixels in it.
func Wrap(s Step) Event { return Event{content: func() Step { return s }} }

// Open gives the step of e; the zero Event gives the zero Step.
func Open(e Event) Step {
	if e.content == nil {
		return Step{}
	}
	return e.content()
}

// Format writes the word "raw.Event" under every verb.
func (Event) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "raw.Event") }

// MarshalJSON refuses: raw content is never encoded.
func (Event) MarshalJSON() ([]byte, error) { return nil, fmt.Errorf("raw: an event is never encoded") }

// MarshalText refuses: raw content is never encoded.
func (Event) MarshalText() ([]byte, error) { return nil, fmt.Errorf("raw: an event is never encoded") }

// GobEncode refuses: raw content is never encoded.
func (Event) GobEncode() ([]byte, error) { return nil, fmt.Errorf("raw: an event is never encoded") }

// Kind says what a Step is. Values match pb.Kind up to Wait.
type Kind uint8

// The kinds of step. The zero Kind is no step.
const (
	Click Kind = iota + 1
	Drag
	Scroll
	Hotkey
	Text // typed keys into one element
	Wait
	Gap   // time not recorded; only From, Until, Reason are set
	Leave // no action: the focus left the element, held-back text must be settled now
)

// Step is one reduced thing that a person did, still unredacted. All events of it were judged and permitted.
type Step struct {
	Kind        Kind
	From, Until policy.Moment
	Permit      policy.Permit // the permit it was judged under: redact drops what its classes lack
	Reason      policy.Reason // Gap only

	Window Window
	X, Y   int // screen pixels: click, drag start, scroll
	ToX    int // drag end
	ToY    int
	Button string // left, middle, right, back, forward
	Count  int    // clicks
	DX, DY int    // wheel notches, right and down positive
	Combo  string // Hotkey: "ctrl+s", "Return"; never a printable key alone. Click, Drag, Scroll: the modifiers held, "ctrl+shift"

	Keys    []Key  // Text: in typed order, editing keys included
	Focus   uint64 // identifies the focused element; 0 is unknown, then no text is given
	Element Element

	Before, After *Shot // nil if there is none
	NoBefore      string
	NoAfter       string // why there is none, in plain words without content
}

// Key is one key press of a text run.
type Key struct {
	At   time.Duration // BOOTTIME
	Rune rune          // printable, or 0
	Edit Edit
}

// Edit is what an editing key does to a text field.
type Edit uint8

// The editing keys that a shadow buffer understands. Unknown makes the buffer forget its caret.
const (
	NoEdit Edit = iota
	Backspace
	Delete
	Left
	Right
	Up
	Down
	Home
	End
	Newline
	Tab
	WordBack   // ctrl+Backspace
	WordDelete // ctrl+Delete
	SelectLeft
	SelectRight
	SelectAll
	Unknown // anything else that may move the caret or change the text: paste, undo, click inside
)

// Window is the window in which a step happened, still with its raw title.
type Window struct {
	App      string // application id of the policy
	Title    string
	Rect     Rect // the client window in screen pixels
	Screen   Rect
	Monitors []Rect
	Scale    float64
}

// Rect is in screen pixels.
type Rect struct{ X, Y, W, H int }

// Element is the accessible element under a click, or with the focus.
type Element struct {
	Role string
	Name string
	Rect Rect // screen pixels
}

// Shot is one picture of the consented window united with its own popups, and of nothing else: pixels outside
// them are absent (zero alpha). It lives in RAM only.
type Shot struct {
	Pix    []byte // BGRA, Stride bytes a row; A is 255 where the picture has a pixel, 0 where it is absent
	Stride int
	Canvas Rect          // what Pix shows, in screen pixels
	Age    time.Duration // before: age at the press; after: time until the window settled
	Proof  string        // before: "damage" or "slot"; after: "settled" or "cap"

	Said *Said // what the application says of it; nil if it was not asked, or did not answer

	memory *memory // nil: Pix belongs to this shot alone
	packed *packed // instead of Pix
}

// Said is what an application says stands in its window. It may be wrong.
type Said struct {
	Labels  []Element // that the program itself has written
	Cells   []Element // content
	Secrets []Rect    // where something hidden can be typed
}

// memory is the pixels of shots that show the same.
type memory struct {
	shots atomic.Int32
	free  func()
}

// Lend says whose memory Pix is: once the last shot that shows it is wiped, free is called, which must overwrite it. It may be
// called from any goroutine.
func (s *Shot) Lend(free func()) {
	s.memory = &memory{free: free}
	s.memory.shots.Store(1)
}

// Share gives another shot of the same pixels, which nobody may write to any more. Each is wiped by itself; the last one wiped
// overwrites them.
func (s *Shot) Share() *Shot {
	t := *s
	switch {
	case s.packed != nil:
		t.packed = s.packed.share()
		return &t
	case s.memory == nil:
		pix := s.Pix
		s.Lend(func() { clear(pix) })
		t.memory = s.memory
	}
	s.memory.shots.Add(1)
	return &t
}

// Empty tells whether there is no picture in it: there never was, or it was wiped.
func (s *Shot) Empty() bool { return s == nil || s.Pix == nil && s.packed == nil }

// Wipe overwrites the pixels, unless another shot still shows them. The shot is empty afterwards.
func (s *Shot) Wipe() {
	if s.Empty() {
		return
	}
	pix, k := s.Pix, s.packed
	s.Pix, s.Said, s.packed = nil, nil, nil
	switch {
	case k != nil:
		k.wipe()
	case s.memory == nil:
		clear(pix)
	case s.memory.shots.Add(-1) == 0:
		s.memory.free()
	}
}
