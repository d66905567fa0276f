package policy

import "time"

// Class is one kind of data that a person can grant. Values match pb.DataClass.
type Class uint8

// The data classes; the zero Class is none of them.
const (
	Pointer  Class = iota + 1 // clicks, drags, scrolls
	Hotkeys                   // names of key combinations
	Text                      // redacted typed text
	Frames                    // masked pictures of the consented window
	Elements                  // role and redacted name of the accessible element
	Labels                    // in masked pictures, words of menus and buttons, shown again
	Lines                     // in masked pictures, all lines that are proven clean, shown again
)

// Classes is a set of Class. The zero set is empty.
type Classes uint8

// With returns the set with c added.
func (s Classes) With(c Class) Classes { return s | 1<<c }

// Has tells whether c is in the set.
func (s Classes) Has(c Class) bool { return c != 0 && s&(1<<c) != 0 }

// Moment is one instant on both clocks: Boot is CLOCK_BOOTTIME (orders events, counts sleep),
// Wall is the local wall clock (hours and expiry). The zero Moment is before everything.
type Moment struct {
	Boot time.Duration
	Wall time.Time
}

// Add returns the moment d later on both clocks.
func (m Moment) Add(d time.Duration) Moment {
	return Moment{Boot: m.Boot + d, Wall: m.Wall.Add(d)}
}

// Reason says why nothing is recorded. The zero Reason means that it is.
type Reason uint8

// The reasons. Each has three words for the person (Words) and a value in pb.Reason for a gap.
const (
	Allowed   Reason = iota
	NoConsent        // nobody said yes
	Expired          // the consent or the policy has ended
	NotAgreed        // this application was not agreed
	OutOfHours
	IsPaused
	Secret      // a secret field has the focus
	Excluded    // a built-in or policy exclusion
	Edge        // too near to an edge of a permit
	Blind       // something needed is unknown: focus, window manager, display, clock
	NoIndicator // the mark cannot be seen
	DiskTrouble // what is recorded could not be made durable
	Lost        // the agent was not running
)

// Permit is what is allowed at one instant, for one application. Only Decide makes one that allows anything;
// the zero Permit denies.
type Permit struct {
	app     string
	classes Classes
	why     Reason
	open    bool
}

// Open tells whether the permit allows anything at all.
func (p Permit) Open() bool { return p.open && p.classes != 0 && p.why == Allowed }

// Allows tells whether data of class c may be recorded.
func (p Permit) Allows(c Class) bool { return p.Open() && p.classes.Has(c) }

// App is the id of the application that the permit is for; empty when it denies.
func (p Permit) App() string {
	if !p.Open() {
		return ""
	}
	return p.app
}

// Why is the reason of a denial, Allowed for an open permit. The zero Permit says NoConsent.
func (p Permit) Why() Reason {
	if !p.Open() && p.why == Allowed {
		return NoConsent
	}
	return p.why
}

// Without returns the permit with class c taken away. Taking can only narrow.
func (p Permit) Without(c Class) Permit {
	p.classes &^= 1 << c
	return p
}
