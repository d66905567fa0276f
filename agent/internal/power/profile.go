package power

import "time"

// Profile is how much the agent may cost now.
type Profile uint8

// The profiles.
const (
	Mains   Profile = iota
	Battery         // it runs on a battery
	Saver           // the battery is low, or other programs wait for the processor
)

// lowCharge is the charge below which a battery is for the person alone; boxes wait below it, too.
const lowCharge = 30

// Profile is what s asks for, and why.
func (s State) Profile() (p Profile, why string) {
	switch {
	case s.Battery && s.Charge < lowCharge:
		return Saver, "the battery is low"
	case s.Busy:
		return Saver, "other programs wait for the processor"
	case s.Battery:
		return Battery, "on battery"
	}
	return Mains, "on mains"
}

// String names the profile.
func (p Profile) String() string { return [...]string{"mains", "battery", "saver"}[p] }

// Pictures is the least time between two pictures of a window.
func (p Profile) Pictures() time.Duration {
	return [...]time.Duration{200 * time.Millisecond, 500 * time.Millisecond, time.Second}[p]
}

// Reveals tells whether lines of masked pictures may be read, to show the harmless ones again. It is the costliest of all, and the
// first to go.
func (p Profile) Reveals() bool { return p != Saver }
