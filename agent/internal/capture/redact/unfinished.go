package redact

import (
	"unicode"
	"unicode/utf8"
)

// What is not finished at the ends of a run, and may be a part of something.

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
