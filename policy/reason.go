package policy

// Words says the reason in about three words, for the mark on the screen and the status line. They hold no content.
func (r Reason) Words() string {
	switch r {
	case Allowed:
		return "recording"
	case NoConsent:
		return "no consent given"
	case Expired:
		return "consent has ended"
	case NotAgreed:
		return "window not agreed"
	case OutOfHours:
		return "outside agreed hours"
	case IsPaused:
		return "paused by you"
	case Secret:
		return "secret field"
	case Excluded:
		return "never recorded window"
	case Edge:
		return "too near change"
	case Blind:
		return "cannot be sure"
	case NoIndicator:
		return "mark covered"
	case DiskTrouble:
		return "disk not safe"
	case Lost:
		return "agent was off"
	}
	return "cannot be sure"
}
