package capture

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// output keeps actions, gaps and leaves in the order in which they began, and hands each on when nothing about it can change.
type output struct {
	emit func(raw.Event)
	live func() policy.Permit

	items []item
	gap   *span // was denied, and may still grow
	said  sinceFocus
}

// item is one of an action, a time that is not permitted, or the leaving of an element.
type item struct {
	a     *action
	span  *span
	leave bool
}

// span is a time of which nothing is told but why.
type span struct {
	from, until policy.Moment
	why         policy.Reason
	over        bool
}

func (o *output) action(a *action) { o.items = append(o.items, item{a: a}) }
func (o *output) closed(s *span)   { o.items = append(o.items, item{span: s}) }

// left says that the focus left an element: what redaction holds back for it must be settled.
func (o *output) left() {
	o.said.forget()
	if n := len(o.items); n == 0 || !o.items[n-1].leave {
		o.items = append(o.items, item{leave: true})
	}
}

// settle hands on everything that is ready, in order.
func (o *output) settle() {
	n := 0
	for n < len(o.items) && o.items[n].ready() {
		o.hand(o.items[n])
		n++
	}
	rest := copy(o.items, o.items[n:])
	clear(o.items[rest:])
	o.items = o.items[:rest]
}

func (i item) ready() bool {
	switch {
	case i.a != nil:
		return i.a.ready()
	case i.span != nil:
		return i.span.over
	}
	return true
}

func (o *output) hand(i item) {
	switch {
	case i.leave:
		o.emit(raw.Wrap(raw.Step{Kind: raw.Leave}))
	case i.span != nil:
		if s := *i.span; s.why != policy.Blind && s.why != policy.NoIndicator || after(s.until, s.from, blindLeast) {
			o.grow(s)
		}
	case i.a.denied == policy.NoConsent || i.a.denied == policy.Expired:
		// no gap without a consent
	case i.a.denied != policy.Allowed:
		o.grow(span{from: i.a.step.From, until: i.a.step.Until, why: i.a.denied})
	default:
		o.step(i.a)
	}
}

// step hands on a permitted action, less what its classes lack.
func (o *output) step(a *action) {
	p := a.permit
	if !p.Allows(class(a.step.Kind)) || a.step.Kind == raw.Text && len(a.step.Keys) == 0 {
		if a.step.Kind == raw.Text && o.said.first(a.place) {
			o.grow(span{from: a.step.From, until: a.step.From, why: textDenied(a, o.live())})
		}
		o.untold(a)
		return
	}
	if !p.Allows(policy.Elements) {
		a.step.Element = raw.Element{}
	}
	if !p.Allows(policy.Frames) {
		a.step.Before.Wipe()
		a.step.After.Wipe()
		a.step.Before, a.step.After = nil, nil
		a.step.NoBefore, a.step.NoAfter = "not agreed", "not agreed"
	}
	a.step.Permit = p
	o.flush()
	o.emit(raw.Wrap(a.step))
}

// denyKeys denies the keys that were pressed just before at, when an element that nobody knows was reported: it may have had the focus by
// then, and Return would tell of what was typed there.
func (o *output) denyKeys(at policy.Moment) {
	for _, i := range o.items {
		if a := i.a; a != nil && a.step.Kind == raw.Hotkey && !after(at, a.last, hold) {
			a.deny(policy.Blind)
		}
	}
}

// untold drops an action that its classes do not permit. Redaction follows what stands in each text field: it must not
// go on as if nothing had happened there.
func (o *output) untold(a *action) {
	a.wipe()
	o.emit(raw.Wrap(raw.Step{Kind: raw.Leave}))
}

// grow adds a gap to the one that may still grow, or hands that one on.
func (o *output) grow(s span) {
	g := o.gap
	switch {
	case g != nil && g.why == policy.Edge && isShut(s.why) && !after(s.from, g.until, 2*hold):
		*g = s // the edge is of what is shut: those keys may have gone there
	case g != nil && g.why == policy.Blind && s.why == policy.Edge && !after(s.from, g.until, joinGaps):
		// what nobody knows was told of already; an edge beside it would tell when keys were pressed
	case g != nil && g.why == policy.NotAgreed && s.why == policy.Blind && g.from == g.until && !after(s.from, g.until, joinGaps):
		*g = span{from: g.from, until: s.until, why: policy.Blind} // typing that seemed not to be agreed, because nobody knew the element yet
	case g != nil && nearSecret(*g, s):
		if s.why == policy.Secret {
			g.from, g.until, g.why = s.from, s.until, policy.Secret
		}
	case g != nil && g.why == s.why && !after(s.from, g.until, joinGaps):
		if after(s.until, g.until, 0) {
			g.until = s.until
		}
	default:
		o.flush()
		o.gap = &s
	}
}

// joinGaps is how far two gaps of one reason may lie apart and still be told as one.
const joinGaps = 2 * time.Second

// isShut tells of the reasons for which a window or a field may be told of by one gap only.
func isShut(why policy.Reason) bool {
	switch why {
	case policy.Secret, policy.Excluded, policy.NotAgreed, policy.Blind:
		return true
	}
	return false
}

// nearSecret tells whether one of two gaps is the band of the other's secret field. The field is told once and alone:
// an edge beside it would tell when keys were pressed.
func nearSecret(g, s span) bool {
	if (g.why != policy.Secret || s.why != policy.Edge) && (g.why != policy.Edge || s.why != policy.Secret) {
		return false
	}
	return !after(s.from, g.until, 2*hold) && !after(g.from, s.until, 2*hold)
}

// flush hands on the gap that was growing.
func (o *output) flush() {
	if g := o.gap; g != nil {
		o.gap = nil
		o.emit(raw.Wrap(raw.Step{Kind: raw.Gap, From: g.from, Until: g.until, Reason: g.why}))
	}
}

// sinceFocus keeps one gap for all typing that one focus did not permit: how much and when else is nobody's business.
type sinceFocus struct {
	window uint32
	focus  uint64
	said   bool
}

// first tells whether nothing was said yet of the typing in this place.
func (s *sinceFocus) first(p *place) bool {
	if s.said && s.window == p.window && s.focus == p.focus {
		return false
	}
	*s = sinceFocus{window: p.window, focus: p.focus, said: true}
	return true
}

// forget is called when the focus has left.
func (s *sinceFocus) forget() { *s = sinceFocus{} }

// textDenied is why typing is not told: nobody knows the element, or it belongs to what an edge of a permit denied, or text
// was not agreed.
func textDenied(a *action, live policy.Permit) policy.Reason {
	switch {
	case !a.place.known || !a.place.text:
		return policy.Blind
	case live.Allows(policy.Text), a.permit.Allows(policy.Text):
		return policy.Edge
	}
	return policy.NotAgreed
}

// point gives the menu that has just got the focus to the press that opened it, if nothing else was found under it.
func (o *output) point(f a11y.Focus) {
	for _, i := range o.items {
		if a := i.a; a != nil && a.denied == policy.Allowed && a.step.Kind == raw.Click && a.step.Element.Role == "" &&
			!after(f.At, a.step.From, hold) && f.Element.Rect.Has(a.step.X, a.step.Y) {
			a.step.Element = elementOf(f.Element)
		}
	}
}

// forget drops everything that has not come out: the person withdrew, and no gap tells of that.
func (o *output) forget() {
	for _, i := range o.items {
		if i.a != nil {
			i.a.deny(policy.NoConsent)
		}
	}
	o.gap = nil
}

// finish hands on what is ready and forgets the rest: recording stops at now.
func (o *output) finish(now policy.Moment) {
	for _, i := range o.items {
		switch {
		case i.a != nil && !i.a.ready():
			i.a.deny(policy.Edge)
		case i.span != nil && !i.span.over:
			i.span.until, i.span.over = now, true
		}
		o.hand(i)
	}
	o.items = nil
	o.flush()
}
