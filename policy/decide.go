package policy

// Situation is everything that Decide looks at. Each zero field denies, or is a switch that only denies when set.
type Situation struct {
	Rules  *Rules
	Now    Moment // Wall carries the zone in which hours are read
	App    string // from Rules.Match, of the window that has the focus
	AppWhy Reason

	Known     bool // display, window manager and focus are known
	Indicator bool // the mark can be seen
	Durable   bool // what is recorded can be made durable

	Paused     bool
	Locked     bool
	Withdrawn  bool
	ClockDoubt bool
	Secret     bool // a secret field has the focus
}

// Decide is the only maker of a permit that allows something. The first reason against it wins; what the person did
// comes before what the machine found. The end of the consent comes before a pause: resuming would not record again.
func Decide(s Situation) Permit {
	if why := s.against(); why != Allowed {
		return Deny(why)
	}
	return Permit{app: s.App, classes: s.Rules.granted[s.App], open: true}
}

// against is the first reason why nothing may be recorded, Allowed if there is none.
func (s Situation) against() Reason {
	switch {
	case s.Rules == nil || len(s.Rules.granted) == 0 || s.Withdrawn:
		return NoConsent
	case !s.ClockDoubt && !s.Now.Wall.Before(s.Rules.expires):
		return Expired
	case s.Paused:
		return IsPaused
	case s.ClockDoubt || s.Now.Wall.Before(s.Rules.given):
		return Blind
	case s.Locked:
		return Excluded
	case !s.Durable:
		return DiskTrouble
	case !s.Rules.hours.has(s.Now.Wall):
		return OutOfHours
	case !s.Known:
		return Blind
	case s.AppWhy != Allowed:
		return s.AppWhy
	case s.Rules.granted[s.App] == 0:
		return NotAgreed
	case s.Secret:
		return Secret
	case !s.Indicator:
		return NoIndicator
	}
	return Allowed
}

// Deny is a permit that allows nothing, for the given reason. Denying for no reason is Blind.
func Deny(why Reason) Permit {
	if why == Allowed {
		why = Blind
	}
	return Permit{why: why}
}
