package redact

import (
	"bytes"
	"slices"
	"time"
	"unicode"

	"github.com/byleave/byleave/proto/pb"
)

// A value may be split over the fields of a form: a card over four boxes, a code over six, an address before and behind its "@". So
// the only word of a field waits here, and all that comes after it, until the next text shows whether the two belong together. What
// Flush or a gap finds waiting is redacted. A few numbers in a row look like a code and are taken for one.

// pending is an event that is not made yet.
type pending struct {
	action   *pb.Action
	from, to time.Time
	frames   []*pb.Frame
	words
}

// words is what a text ends with, while that may turn out to be a part of something.
type words struct {
	focus uint64
	last  []rune     // the last word, if it is not ended and nothing was found in it
	head  string     // what the text says before it
	spans []*pb.Span // of head
	only  bool       // there is nothing else in the field
	joins bool       // the text begins with no space: it may go on with what stood before it
	open  bool       // last is not redacted
	cut   bool       // the text ends in the middle of a word that was redacted for that
	goes  bool       // nothing ended the field: it may be gone on with

	before *pending // what would belong to this field if it goes on
}

// fields is what waits.
type fields struct {
	queue []*pending
	last  *pending // the newest text, if it was one word
	torn  bool     // the newest text was one word and is forgotten
}

// Limits of what waits.
const (
	mostWaiting = 16
	mostWord    = 40
)

// tell hands an event on, behind those that wait.
func (r *Redactor) tell(p *pending) {
	f := &r.form
	f.queue = append(f.queue, p)
	if len(f.queue) > mostWaiting {
		r.hide(f.queue[0])
	}
	r.pass()
}

// pass makes events of all that waits no longer.
func (r *Redactor) pass() {
	f := &r.form
	n := 0
	for ; n < len(f.queue) && !f.queue[n].open; n++ {
		p := f.queue[n]
		r.out = append(r.out, r.event(p.action, p.from, p.to, p.frames))
	}
	rest := copy(f.queue, f.queue[n:])
	clear(f.queue[rest:])
	f.queue = f.queue[:rest]
}

// tellText hands on a settled run, and decides on the one that waited for it.
func (r *Redactor) tellText(p *pending) {
	f := &r.form
	if l := f.last; l != nil {
		switch {
		case l.focus == p.focus && (p.joins || hasDigit(l.last)):
			r.hide(l)
			if l.before != nil {
				r.hide(l.before)
			}
		case l.focus != p.focus && l.only && p.only:
			if r.pair(l, p); p.goes && l.open {
				p.before = l
			}
		}
		l.close(p.before != l)
	}
	if f.torn && p.only && (hasDigit(p.last) || odd([]byte(string(p.last)))) {
		r.hide(p)
	}
	f.last, f.torn = nil, false
	if p.last != nil {
		f.last = p
	}
	r.tell(p)
}

// close lets go what need not wait any more: what stood before p, and perhaps p.
func (p *pending) close(all bool) {
	if b := p.before; b != nil {
		b.open, p.before = false, nil
		clear(b.last)
	}
	if all {
		p.open = false
		clear(p.last)
	}
}

// pair redacts two words that follow each other in a form if they could be one value.
func (r *Redactor) pair(a, b *pending) {
	digits := hasDigit(a.last) && hasDigit(b.last)
	if digits || b.cut || hasDigit(a.last) && capitals(b.last) || capitals(a.last) && hasDigit(b.last) {
		r.hide(a)
		r.hide(b)
		return
	}
	for _, between := range [...]string{"", "@"} {
		left := len(string(a.last))
		joined := []byte(string(a.last) + between + string(b.last))
		for _, s := range r.engine.scan(joined) {
			if s.start < left && s.end > left+len(between) && (between == "" || bytes.IndexByte(joined[left:], '.') >= 0) {
				d := r.names.digest(s.class, r.engine.normal(s.class, joined[s.start:s.end]))
				r.replace(a, d)
				r.replace(b, d)
				break
			}
		}
		clear(joined)
	}
}

// hide redacts a word that waits.
func (r *Redactor) hide(p *pending) {
	if !p.open {
		return
	}
	c := token
	if hasDigit(p.last) && !hasLetter(p.last) {
		c = number
	}
	r.text = append(r.text[:0], string(p.last)...)
	r.replace(p, r.names.digest(c, r.engine.normal(c, r.text)))
}

// replace puts a token of a class in the place of a word that waits.
func (r *Redactor) replace(p *pending, d digest) {
	if !p.open || Disconnected {
		return
	}
	b := builder{names: r.names, spans: p.spans}
	b.text.WriteString(p.head)
	b.token(d, len(p.last))
	p.action.Text.Net, p.action.Text.Spans = b.text.String(), b.spans
	p.open = false
}

// closeForm lets what waits go, redacted, and forgets it.
func (r *Redactor) closeForm() {
	f := &r.form
	for _, p := range f.queue {
		r.hide(p)
	}
	r.pass()
	if f.last != nil {
		f.last.close(true)
		f.last, f.torn = nil, true
	}
}

// submit lets go what waits, unless it is a number: nothing follows in this form, but cells of a table go on.
func (r *Redactor) submit() {
	f := &r.form
	if f.last != nil && hasLetter(f.last.last) {
		f.last.close(true)
		f.last = nil
		r.pass()
	}
}

// ending tells what of the run may turn out to be a part of something. It is asked when the run is searched and marked.
func (r *Redactor) ending(end edge) words {
	f, n := &r.field, &r.run
	cells := f.cells[n.lo:n.hi]
	w := words{focus: f.focus, cut: n.cut, goes: end == soft, joins: len(n.typed) == 0 || !unicode.IsSpace(n.typed[0])}
	lo, hi := 0, len(cells)
	for lo < hi && unicode.IsSpace(cells[lo].char) {
		lo++
	}
	for hi > lo && unicode.IsSpace(cells[hi-1].char) {
		hi--
	}
	at := hi
	for at > lo && !unicode.IsSpace(cells[at-1].char) {
		at--
	}
	w.only = at == lo && lo < hi && hi-lo <= mostWord && n.hi == len(f.cells) && !spaced(f.cells[:n.lo])
	w.cut = w.cut || n.lo > 0
	if lo == hi || n.broken || !w.only && end == closed {
		return w
	}
	word := cells[at:hi]
	if hi < len(cells) && !containsDigit(word) { // it is ended
		w.only = false
		return w
	}
	for _, c := range word {
		w.open = w.open || r.markOf(c) == 0
		w.last = append(w.last, c.char)
	}
	before := builder{names: r.names}
	r.build(&before, cells[:at])
	w.head, w.spans = before.text.String(), before.spans
	w.open = w.open && !Disconnected
	return w
}

func spaced(cells []cell) bool {
	return slices.ContainsFunc(cells, func(c cell) bool { return unicode.IsSpace(c.char) })
}

func containsDigit(cells []cell) bool {
	return slices.ContainsFunc(cells, func(c cell) bool { return unicode.IsDigit(c.char) })
}

func hasDigit(word []rune) bool  { return slices.ContainsFunc(word, unicode.IsDigit) }
func hasLetter(word []rune) bool { return slices.ContainsFunc(word, unicode.IsLetter) }
func capitals(word []rune) bool {
	return hasLetter(word) && !slices.ContainsFunc(word, func(c rune) bool { return unicode.IsLetter(c) && !unicode.IsUpper(c) })
}
