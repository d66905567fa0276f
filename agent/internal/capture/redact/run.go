package redact

import (
	"time"
	"unicode"
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

// edges searches the text as it stands, and marks what is unfinished at its ends. It tells whether the end was cut.
func (r *Redactor) edges(end edge) (cut bool) {
	n, f := &r.run, &r.field
	lo, hi := max(0, n.lo-contextCells), min(len(f.cells), n.hi+contextCells)
	r.search(f.cells[lo:hi], func(i int) int32 { return f.cells[lo+i].typed })
	r.write(f.cells[:n.hi])
	open := pemOpen(r.text)
	if f.pem && open < 0 || open >= 0 {
		f.pem = open >= 0
	}
	if n.hi > n.lo {
		cut = r.trailing(end)
	}
	if f.left != closed {
		r.leading(f.left)
	}
	if f.torn && n.lo > 0 && !unicode.IsSpace(f.cells[n.lo-1].char) {
		r.mark(f.cells[n.lo:wordEnd(f.cells, n.lo, n.hi)])
	}
	if end != closed && f.caret >= n.lo && f.caret < n.hi {
		r.middle(end)
	}
	f.torn = n.cut
	return cut
}

// middle marks the token at the caret, where it stands in the middle of the run: what was being typed there may not be finished.
func (r *Redactor) middle(end edge) {
	f, n := &r.field, &r.run
	r.write(f.cells[:f.caret])
	start := r.engine.open(r.text)
	if start == len(r.text) {
		return
	}
	at := max(int(r.from[start]), n.lo)
	for at > n.lo && !unicode.IsSpace(f.cells[at-1].char) {
		at--
	}
	if word := f.cells[at:wordEnd(f.cells, f.caret, n.hi)]; risky(word, end) {
		r.mark(word)
	}
}

// wordEnd is where the word ends that goes on at from.
func wordEnd(cells []cell, from, to int) int {
	for from < to && !unicode.IsSpace(cells[from].char) {
		from++
	}
	return from
}

// trailing marks the token at the end of the run that is not finished.
func (r *Redactor) trailing(end edge) bool {
	f, n := &r.field, &r.run
	r.write(f.cells[:n.hi])
	start := r.engine.open(r.text)
	if start == len(r.text) {
		return false
	}
	at := int(r.from[start])
	for at > n.lo && (f.cells[at-1].char == '+' || f.cells[at-1].char == '(') {
		at--
	}
	word := f.cells[max(at, n.lo):n.hi]
	if at < 0 {
		word = f.cells[n.lo:n.hi]
	}
	switch {
	case end == closed && len(word) < n.hi-n.lo: // a number alone may be one of several boxes; at the end of a sentence it is over
	case end == soft && unicode.IsSpace(word[len(word)-1].char) && !digits(word) && !grouped(word):
	case risky(word, end):
		r.mark(word)
		n.cut = true
		return true
	}
	return end == hard || end == soft && !unicode.IsSpace(f.cells[n.hi-1].char)
}

// mostLeading is how far from an unknown edge the other half of a token may reach.
const mostLeading = 64

// leading marks what stands at the beginning of the field and may be the other half of a token that is not known. Behind a gap
// that may only be a number or an odd token.
func (r *Redactor) leading(left edge) {
	f, n := &r.field, &r.run
	cells := f.cells[:min(n.hi, mostLeading)]
	from := 0
	for from < len(cells) && from < mostGap && unicode.IsSpace(cells[from].char) {
		from++
	}
	end, found := from, 0
	for ; end < len(cells); end++ {
		c := cells[end].char
		if unicode.IsDigit(c) {
			found++
		} else if unicode.IsSpace(c) && (end+1 == len(cells) || found == 0 || !unicode.IsDigit(cells[end+1].char)) {
			break
		}
	}
	word := cells[from:end]
	if found >= 3 && (digits(word) || oddCells(word)) || left == hard && len(word) >= 1 && (from == 0 || oddCells(word)) {
		r.mark(word)
	}
}

// mark makes cells opaque that nothing else was found in.
func (r *Redactor) mark(cells []cell) {
	n := &r.run
	for len(cells) > 0 && unicode.IsSpace(cells[len(cells)-1].char) {
		cells = cells[:len(cells)-1]
	}
	c := token
	if digits(cells) {
		c = number
	}
	r.write(cells)
	n.finds = append(n.finds, r.names.digest(c, r.engine.normal(c, r.text)))
	for _, x := range cells {
		if x.typed >= 0 && n.marks[x.typed] == 0 {
			n.marks[x.typed] = int32(len(n.finds))
		}
	}
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

// risky tells whether an unfinished word at an edge could be half of a secret.
func risky(word []cell, e edge) bool {
	n := 0
	for _, c := range word {
		if unicode.IsDigit(c.char) {
			n++
		}
	}
	if n >= 3 && (e != closed || digits(word)) {
		return true
	}
	switch e {
	case hard:
		return len(word) >= 1
	case soft:
		return len(word) > 3 && oddCells(word)
	}
	return false
}

// digits tells whether a piece is a number, as far as it goes.
func digits(word []cell) bool {
	n := 0
	for _, c := range word {
		switch {
		case unicode.IsDigit(c.char):
			n++
		case unicode.IsLetter(c.char):
			return false
		}
	}
	return n > 0
}

// grouped tells whether a piece has a space inside.
func grouped(word []cell) bool {
	for i := 1; i < len(word); i++ {
		if unicode.IsSpace(word[i-1].char) && !unicode.IsSpace(word[i].char) {
			return true
		}
	}
	return false
}

func oddCells(word []cell) bool {
	b := make([]byte, 0, 64)
	for _, c := range word {
		b = utf8.AppendRune(b, c.char)
	}
	return odd(b)
}

// odd tells whether a token is not simply a word: letters, small or with one capital in front, perhaps with a mark behind it.
func odd(text []byte) bool {
	for len(text) > 0 && (text[len(text)-1] == ',' || text[len(text)-1] == '.' || text[len(text)-1] == '!' || text[len(text)-1] == '?' ||
		text[len(text)-1] == ';' || text[len(text)-1] == ':') {
		text = text[:len(text)-1]
	}
	first, capitals := true, 0
	for _, c := range string(text) {
		switch {
		case c == '\'' || c == '\u2019' || c == '"' || c == '(' || c == ')':
		case !unicode.IsLetter(c) && !unicode.Is(unicode.Mn, c):
			return true
		case unicode.IsUpper(c) && !first:
			capitals++
		}
		first = false
	}
	return capitals > 0 && len(text) > 3
}

// open is where the token begins that text ends with and that may still grow; len(text) if its end is final.
func (e *engine) open(text []byte) int {
	if i := pemOpen(text); i >= 0 {
		return i
	}
	at := lastToken(text)
	at = min(at, openDigits(text))
	for i := max(0, len(text)-48); i < len(text); i++ {
		if have, want, end, _ := ibanAt(text, i); have >= 4 && have < want && len(text)-end <= mostGap {
			at = min(at, i)
		}
	}
	if e.terms != nil {
		tail := text[max(0, len(text)-1024):]
		if i := e.terms.open(tail); i < len(tail) {
			at = min(at, len(text)-len(tail)+i)
		}
	}
	return at
}

// lastToken is where the last token begins; an odd one may go on behind one space, which may be a slip.
func lastToken(text []byte) int {
	end := len(text)
	if end > 0 && text[end-1] == ' ' {
		end--
	}
	at := end
	for at > 0 && text[at-1] > ' ' {
		at--
	}
	if end < len(text) && !odd(text[at:end]) {
		return len(text)
	}
	return at
}

// openDigits is where the digits begin that text ends with, across a gap.
func openDigits(text []byte) int {
	i, at, gap := len(text), len(text), 0
	for i > 0 {
		r, n := utf8.DecodeLastRune(text[:i])
		c, ok := alike(r)
		switch {
		case ok && kindOf[c] == isDigit:
			gap, at = 0, i-n
		case ok && kindOf[c] == isGap && gap < mostGap:
			gap++
		default:
			return at
		}
		i -= n
	}
	return at
}
