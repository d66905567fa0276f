package capture

import (
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/policy"
)

// own knows what the person did to Byleave itself. The display tells of it like of everything else, and none of it is an action.
type own struct {
	typed bool // the combination's key was last pressed alone, while we listened
}

// drops tells whether an event is the combination that pauses, or a repeat of its key: when the modifiers are let go first, the
// key goes on repeating without them.
func (o *own) drops(e x11.Event, h Hotkey) bool {
	if e.Kind != x11.KeyPress || !h.Has(e.Keycode) {
		return false
	}
	if h.Is(e.Keycode, e.State) {
		o.typed = false
		return true
	}
	if !e.Repeat {
		o.typed = true
	}
	return !o.typed
}

// judged is what the gate says of what was held back, less what was taken too late for it, and less a press that went to the mark: the
// display's answer to who owns the pixel came too late if the mark was dragged away at once.
func (l *loop) judged(e held) policy.Permit {
	if e.part == deedPart && after(e.from, e.at, late) {
		return policy.Deny(policy.Blind)
	}
	if e.press != 0 && l.opt.Mark.Touched(e.press) {
		return policy.Deny(policy.Edge)
	}
	return l.opt.Gate.Judge(e.at, e.window)
}
