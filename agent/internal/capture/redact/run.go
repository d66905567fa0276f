package redact

import (
	"time"
	"unicode/utf8"

	"github.com/byleave/byleave/proto/pb"
)

// run is text that was typed into the field and has not left yet: cells lo to hi of it, and all that was typed on the way.
type run struct {
	live     bool // there is one
	action   *pb.Action
	frames   []*pb.Frame // of before
	last     []*pb.Frame // of after
	from, to time.Time
	lo, hi   int
	typed    []rune  // in typed order, deleted ones included
	marks    []int32 // for each of typed: 1 + its place in finds, 0 if nothing was found
	finds    []digest
	passing  int // how many of finds were made of text on its way, not of the text as it is left
	deleted  int
	grown    bool  // since the last look at a peak
	jumps    []int // places in typed at which the caret had been moved
	edited   bool  // something was deleted or put in before the end
	broken   bool  // a search failed: all of it is opaque
	cut      bool  // its last word was redacted because it is not finished
	strayed  bool  // the caret is no longer known: the field starts anew after this run
}

// after is a run that goes on where this one is cut: same window and element, no content, no picture of before.
func (n *run) after() run {
	if !n.live {
		return run{}
	}
	if len(n.typed) == 0 && n.deleted == 0 { // nothing of it will be told
		return run{live: true, action: n.action, frames: n.frames, last: n.last, from: n.from, to: n.to}
	}
	a := &pb.Action{Kind: pb.Kind_KIND_TEXT, Window: n.action.Window, Element: n.action.Element,
		Before: &pb.FrameRef{Withheld: "in the middle of typing"}, After: n.action.After}
	next := run{live: true, action: a, last: n.last, from: n.to, to: n.to}
	n.last = nil
	n.action.After = &pb.FrameRef{Withheld: "in the middle of typing"}
	return next
}

// wipe forgets what was typed.
func (n *run) wipe() {
	clear(n.typed)
	clear(n.marks)
	*n = run{}
}

// peak searches the text as it stands before something is deleted: a secret that is complete now may not be so later.
func (r *Redactor) peak() {
	r.run.grown = false
	lo := max(0, r.field.caret-2*contextCells)
	hi := min(len(r.field.cells), r.field.caret+contextCells)
	r.search(r.field.cells[lo:hi], func(i int) int32 { return r.field.cells[lo+i].typed })
}

// history searches what was typed in its order, with what was deleted: as a whole, and each piece that was typed at one place.
func (r *Redactor) history() {
	n := &r.run
	r.replay = r.replay[:0]
	for i, c := range n.typed {
		r.replay = append(r.replay, cell{c, int32(i)})
	}
	from := 0
	for _, to := range append(n.jumps, len(n.typed)) {
		piece := from
		r.search(r.replay[from:to], func(i int) int32 { return int32(piece + i) })
		from = to
	}
	if len(n.jumps) > 0 {
		r.search(r.replay, func(i int) int32 { return int32(i) })
	}
	clear(r.replay)
}

// search marks what is found in cells.
func (r *Redactor) search(cells []cell, typed func(int) int32) {
	r.write(cells)
	for _, s := range r.engine.scan(r.text) {
		r.note(s, typed)
	}
}

// write puts cells into r.text, and where each byte comes from into r.from. An open key block goes before it.
func (r *Redactor) write(cells []cell) {
	r.text, r.from = r.text[:0], r.from[:0]
	if r.field.pem {
		r.text = append(append(r.text, pemBegin...), "-----\n"...)
		for range r.text {
			r.from = append(r.from, -1)
		}
	}
	for i, c := range cells {
		at := len(r.text)
		r.text = utf8.AppendRune(r.text, c.char)
		for range len(r.text) - at {
			r.from = append(r.from, int32(i))
		}
	}
}

// note marks the typed characters of a span. A class that wins over an earlier one replaces it.
func (r *Redactor) note(s span, typed func(int) int32) {
	n := &r.run
	if s.class == opaque {
		n.broken = true
	}
	d := r.names.digest(s.class, r.engine.normal(s.class, r.text[s.start:s.end]))
	n.finds = append(n.finds, d)
	for b := s.start; b < s.end; b++ {
		if r.from[b] < 0 {
			continue
		}
		t := typed(int(r.from[b]))
		if t >= 0 && (n.marks[t] == 0 || s.class <= n.finds[n.marks[t]-1].class) {
			n.marks[t] = int32(len(n.finds))
		}
	}
}

// settle releases the run. end says what may follow it.
func (r *Redactor) settle(end edge) {
	n := &r.run
	if !n.live {
		r.follow()
		return
	}
	if n.edited || len(n.jumps) > 0 {
		r.history()
	}
	n.passing = len(n.finds)
	cells := r.field.cells[n.lo:n.hi]
	cut := r.edges(end)
	r.spare(cells)
	b := builder{names: r.names}
	if Disconnected {
		for _, c := range cells {
			b.text.WriteRune(c.char)
		}
	} else {
		r.build(&b, cells)
	}
	if len(n.typed) > 0 || n.deleted > 0 {
		n.action.Text = &pb.Text{Net: b.text.String(), Spans: b.spans, Deleted: bucket(n.deleted)}
		r.tellText(&pending{action: n.action, from: n.from, to: n.to, frames: append(n.frames, n.last...),
			words: r.ending(end)})
	}
	if n.hi > n.lo {
		r.remember(r.field.focus, cut)
	}
	for i := range r.field.cells {
		r.field.cells[i].typed = -1
	}
	if n.strayed {
		r.field.forget(r.leftOf(r.field.focus))
	}
	n.wipe()
	r.follow()
	r.frozen = false
}

// leastOfName is from how many characters on what is left of a name is redacted.
const leastOfName = 4

// spare takes back the marks of names that were read into slips: of "nowa", mended to "now", a reader has no name. A name of which more is
// left stays redacted.
func (r *Redactor) spare(cells []cell) {
	n := &r.run
	for i, d := range n.finds[:n.passing] {
		if d.class != person && d.class != place && d.class != organisation && d.class != people {
			continue
		}
		left := 0
		for _, c := range cells {
			if r.markOf(c) == int32(i+1) {
				left++
			}
		}
		for t := range n.marks {
			if left < leastOfName && n.marks[t] == int32(i+1) {
				n.marks[t] = 0
			}
		}
	}
}

// follow hands on what happened behind the run.
func (r *Redactor) follow() {
	for _, p := range r.behind {
		r.tell(p)
	}
	clear(r.behind)
	r.behind = r.behind[:0]
}

// build writes the net text: each stretch of characters with the same find becomes its token.
func (r *Redactor) build(b *builder, cells []cell) {
	n := &r.run
	if n.broken {
		r.write(cells)
		b.token(r.names.digest(opaque, r.text), len(cells))
		return
	}
	for i := 0; i < len(cells); {
		m := r.markOf(cells[i])
		if m == 0 {
			b.text.WriteRune(cells[i].char)
			i++
			continue
		}
		j := i
		for j < len(cells) && r.markOf(cells[j]) == m {
			j++
		}
		b.token(n.finds[m-1], j-i)
		i = j
	}
}

func (r *Redactor) markOf(c cell) int32 {
	if c.typed < 0 {
		return 0
	}
	return r.run.marks[c.typed]
}
