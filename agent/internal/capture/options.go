package capture

import (
	"log/slog"
	"time"

	"github.com/byleave/byleave/policy"
)

// Gate decides what may be recorded. Capture reports to it what has the focus, and asks it about every event.
// Its methods may be called from any goroutine and never block for long.
type Gate interface {
	// Focus says that since at window has the focus; window 0 or a why of policy.Blind mean that it is not known.
	Focus(at policy.Moment, window uint32, app string, why policy.Reason)
	// Secret says that since at a secret field has the focus, or no longer.
	Secret(at policy.Moment, on bool)
	// TextBlind says that since at nobody knows whether the focused element is secret: no text, the rest stays.
	TextBlind(at policy.Moment, on bool)
	// Indicator says that since at the mark was seen, or could not be seen.
	Indicator(at policy.Moment, shown bool)
	// Display says whether the desktop can be seen at all, and in a few words why not.
	Display(ok bool, words string)
	// Live is what is allowed now, without the band.
	Live() policy.Permit
	// Judge is what was allowed at a past moment in window, with the band on both sides of every edge.
	Judge(at policy.Moment, window uint32) policy.Permit
	// Watch gives a channel that gets a value after any change of Live, and a function that ends it.
	Watch() (changed <-chan struct{}, stop func())
}

// Hotkey is the combination that pauses: a word to Byleave, never an action.
type Hotkey interface {
	// Is tells whether a key with these modifiers is the combination.
	Is(code byte, state uint16) bool
	// Has tells whether it is the combination's key, whatever the modifiers.
	Has(code byte) bool
}

// Options are what capture needs from outside. All fields are required.
type Options struct {
	Display string               // X display, for example ":0"
	Gate    Gate                 // who permits
	Rules   func() *policy.Rules // the rules in force now; nil matches nothing
	Mark    interface {          // the indicator
		Prove() bool            // asks the display whether the mark can be seen this instant
		Touched(at uint32) bool // a press of a button at this time of the server went to the mark
	}
	Hotkey Hotkey
	Typed  func(why string)     // is told why no typed text can be recorded whatever is agreed to, and "" when it can; it must not block
	Pace   func() time.Duration // the least time between two pictures now; below grabEvery it changes nothing
	Log    *slog.Logger         // gets no content
}

// Capture turns what happens on one display into steps.
type Capture struct {
	opt Options
}

// New makes a Capture. Nothing is opened or listened to before Run.
func New(o Options) *Capture {
	if o.Gate == nil || o.Rules == nil || o.Mark == nil || o.Hotkey == nil || o.Typed == nil || o.Pace == nil || o.Log == nil {
		panic("capture: New without a gate, rules, a mark, a hotkey, an ear for why nothing is typed, a pace or a log")
	}
	return &Capture{opt: o}
}

// Times and distances at which one action ends and the next begins, where the desktop says nothing else, and what bounds
// the cost.
const (
	hold         = 305 * time.Millisecond // an event waits this long before it is judged: the gate's band, focusSafety, a margin
	late         = 200 * time.Millisecond // what is taken this long after it happened is nobody's: neither the loss of the keyboard nor the focus of an element has a time of its own
	multiClick   = 500 * time.Millisecond // between the presses of a double click
	multiSlop    = 5                      // pixels between the presses of a double click
	dragSlop     = 6                      // pixels that make a press a drag
	textGap      = 500 * time.Millisecond // a pause that ends a text run
	textMost     = 10 * time.Second       // a longer run is cut: the rest of it is another step
	textMostKeys = 512
	stretchMost  = 30 * time.Second // typing without a pause is held back as a whole for so long
	scrollGap    = 400 * time.Millisecond
	scrollMost   = 10 * time.Second
	hotkeyMost   = time.Second            // a held key that was not seen released has ended
	motionEvery  = 100 * time.Millisecond // of a drag's motions one in this time is judged
	afterCap     = time.Second            // the frame after an action is taken at the latest then
	grabEvery    = 200 * time.Millisecond // between two frames after an action
	proofAge     = 2 * time.Second        // an older proof of the mark is made again
	focusSafety  = 50 * time.Millisecond  // a focus event may come this much after the key that it is about
	elementWait  = 30 * time.Millisecond  // for the element under a press
	promptFresh  = 25 * time.Millisecond  // an older look at a terminal is made again
	promptLook   = 250 * time.Millisecond // between looks at a terminal while it asks for a password
	blindLeast   = 100 * time.Millisecond // a shorter time of not knowing the focus is no gap
)
