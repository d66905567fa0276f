package redact

import (
	"image"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostDigits is how many digits may stand behind each other, over gaps, in a line that is shown.
const mostDigits = 4

// rows knows which line stands beside which.
type rows struct {
	left, right, above, below []int // -1 for none
	text                      []byte
}

func (r *rows) forget() { clear(r.text[:cap(r.text)]) }

// of finds the neighbours of all lines.
func (r *rows) of(lines []textLine) {
	n := len(lines)
	r.left, r.right, r.above, r.below = sized(r.left, n), sized(r.right, n), sized(r.above, n), sized(r.below, n)
	for i := range lines {
		a := lines[i].box
		r.left[i], r.right[i], r.above[i], r.below[i] = -1, -1, -1, -1
		nearer := func(best *int, gap func(image.Rectangle) int, j int) {
			if g := gap(lines[j].box); g >= -2*linePad && (*best < 0 || g < gap(lines[*best].box)) {
				*best = j
			}
		}
		for j := range lines {
			b := lines[j].box
			if j == i {
				continue
			}
			if high := min(a.Max.Y, b.Max.Y) - max(a.Min.Y, b.Min.Y); 2*high >= min(a.Dy(), b.Dy()) {
				nearer(&r.left[i], func(c image.Rectangle) int { return a.Min.X - c.Max.X }, j)
				nearer(&r.right[i], func(c image.Rectangle) int { return c.Min.X - a.Max.X }, j)
			}
			if a.Min.X < b.Max.X && b.Min.X < a.Max.X {
				nearer(&r.above[i], func(c image.Rectangle) int { return a.Min.Y - c.Max.Y }, j)
				nearer(&r.below[i], func(c image.Rectangle) int { return c.Min.Y - a.Max.Y }, j)
			}
		}
	}
}

// judge shows of line i what is proven clean: its words one by one, if nothing was found in it and in what it stands beside. Where a
// value was found, its token stands on the mask.
func (v *reveal) judge(r *Redactor, lines []textLine, i int, upTo reach) {
	t := &lines[i]
	words := strings.Fields(t.text)
	boxes, agrees := t.words(words)
	caption := !slices.ContainsFunc(words, func(w string) bool { return judged(w, true) != ofProgram })
	if f := v.find(r, lines, i, caption); f.bad {
		if f.value != (digest{}) {
			v.shown.tokens = append(v.shown.tokens, label{r.names.token(f.value), t.from(boxes, f.at)})
		}
		return
	}
	if !agrees || !caption && (upTo == reachLabels || v.blind(lines, i)) {
		return
	}
	known := false
	for k, w := range words {
		switch of := judged(w, k == 0); {
		case of == named && !caption:
			return
		case of != unknown:
			known = known || utf8.RuneCountInString(w) > 1
		default:
			boxes[k] = image.Rectangle{}
		}
	}
	if known {
		v.show(t, boxes)
	}
}

// show shows the words whose boxes are not empty, with the ground between two of them.
func (v *reveal) show(t *textLine, boxes []image.Rectangle) {
	for k, b := range boxes {
		if b.Empty() {
			continue
		}
		if k > 0 && !boxes[k-1].Empty() {
			b.Min.X = min(b.Min.X, boxes[k-1].Max.X)
		}
		v.shown.strokes = append(v.shown.strokes, stroke{t, b})
	}
}

// from is the part of the line from the word on that byte at of its text lies in; the whole line if nobody knows where that stands.
func (t *textLine) from(boxes []image.Rectangle, at int) image.Rectangle {
	b := t.box
	if k := len(strings.Fields(t.text[:at])); k < len(boxes) {
		b.Min.X = boxes[k].Min.X
	}
	return b
}

// blind tells whether something that may be the label of line i could not be read: left of it or close above.
func (v *reveal) blind(lines []textLine, i int) bool {
	t := &lines[i]
	for _, j := range [...]int{v.rows.left[i], v.rows.above[i]} {
		if j < 0 {
			continue
		}
		b := &lines[j]
		near := t.box.Min.X-b.box.Max.X < 16*t.box.Dy() && t.box.Min.Y-b.box.Max.Y < 2*t.box.Dy()
		if near && b.box.Dx() > 3*b.box.Dy() && b.sure < leastGuess {
			return true
		}
	}
	return false
}

// finding is what forbids to show a line.
type finding struct {
	bad   bool
	value digest // zero if it is no value that lies in the line
	at    int    // in the text of the line
}

// find looks for what must not be shown in line i, read alone, with what stands left and right of it, and with what stands above and
// below: a value may be split, and its label may stand anywhere. What every program says is read alone.
func (v *reveal) find(r *Redactor, lines []textLine, i int, alone bool) (f finding) {
	text := func(j int) string {
		if j < 0 || alone {
			return ""
		}
		return lines[j].text
	}
	w, t := &v.rows, lines[i].text
	for k, c := range [...]struct{ before, gap, after string }{
		{"", " ", ""}, {text(w.left[i]), " ", text(w.right[i])}, {text(w.above[i]), "\n", text(w.below[i])},
		{text(w.above[i]), " ", text(w.below[i])}, {text(w.left[i]), ": ", ""}, {text(w.above[i]), ": ", ""},
		{text(w.left[i]), "", text(w.right[i])}, {text(w.above[i]), "", text(w.below[i])},
	} {
		if k > 0 && c.before == "" && c.after == "" || c.gap == "" && !seam(c.before, t) && !seam(t, c.after) {
			continue
		}
		w.text = append(append(w.text[:0], c.before...), c.gap...)
		from := len(w.text)
		w.text = append(w.text, t...)
		to := len(w.text)
		if c.after != "" {
			w.text = append(append(w.text, c.gap...), c.after...)
		}
		for _, s := range r.engine.scan(w.text) {
			if s.start >= to || s.end <= from {
				continue
			}
			f.bad = true
			if s.start >= from && s.end <= to && f.value == (digest{}) {
				value := append([]byte(nil), w.text[s.start:s.end]...) // the engine uses its memory again
				f.value, f.at = r.names.digest(s.class, r.engine.normal(s.class, value)), s.start-from
				break
			}
		}
		f.bad = f.bad || tooManyDigits(w.text, from, to)
	}
	if !f.bad {
		f.value, f.at, f.bad = v.told(r, t)
	}
	return f
}

// seam tells whether one word may go on from the end of one line to the begin of the next: neither part is a word of its own.
func seam(before, after string) bool {
	a, b := strings.Fields(before), strings.Fields(after)
	return len(a) > 0 && len(b) > 0 && judged(a[len(a)-1], true) == unknown && judged(b[0], true) == unknown
}

// mostGram is of how many words a value may be that was typed before.
const mostGram = 5

// told looks for a value that was found in typed text, whatever stands around it now.
func (v *reveal) told(r *Redactor, text string) (d digest, at int, ok bool) {
	starts, ends := bounds(text)
	for c := opaque + 1; c < classes; c++ {
		if c == token || c == number || r.names.last[c] == 0 && !slices.ContainsFunc(v.typed, func(d digest) bool { return d.class == c }) {
			continue
		}
		for i, from := range starts {
			for _, to := range ends[i:min(i+mostGram, len(ends))] {
				d := r.names.digest(c, r.engine.normal(c, []byte(strings.Trim(text[from:to], ".,;:!?()\"'"))))
				if r.names.knows(d) || slices.Contains(v.typed, d) {
					return d, from, true
				}
			}
		}
	}
	return digest{}, 0, false
}

// bounds is where the words of text begin and end.
func bounds(text string) (starts, ends []int) {
	for at := 0; at < len(text); {
		for at < len(text) && text[at] == ' ' {
			at++
		}
		end := at
		for end < len(text) && text[end] != ' ' {
			end++
		}
		if end > at {
			starts, ends = append(starts, at), append(ends, end)
		}
		at = end
	}
	return starts, ends
}

// typedNow gives the values in the text that is being typed: its run may not be settled when its picture is made.
func (r *Redactor) typedNow(out []digest) []digest {
	if !r.run.live {
		return out
	}
	f := &r.field
	r.write(f.cells[max(0, f.caret-2*contextCells):min(len(f.cells), f.caret+contextCells)])
	for _, s := range r.engine.scan(r.text) {
		value := append([]byte(nil), r.text[s.start:s.end]...)
		out = append(out, r.names.digest(s.class, r.engine.normal(s.class, value)))
	}
	return out
}

// tooManyDigits tells whether a run of digits touches a part of text that could be a number of somebody's. Letters that readers take
// for digits count as such where they stand among digits.
func tooManyDigits(text []byte, from, to int) bool {
	run, real, gap, begin := 0, 0, 0, 0
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRune(text[i:])
		a, _ := alike(c)
		switch {
		case a >= '0' && a <= '9', digitLike(c) && besideDigit(text, i, n):
			if run == 0 {
				begin = i
			}
			run++
			if a >= '0' && a <= '9' {
				real++
			}
			gap = 0
			if run > mostDigits && real > 1 && begin < to && i+n > from {
				return true
			}
		case run > 0 && gap < 3 && !unicode.IsLetter(c):
			gap++
		default:
			run, real, gap = 0, 0, 0
		}
		i += n
	}
	return false
}

// digitLike tells of letters that are read for digits, and digits for them.
func digitLike(c rune) bool { return strings.ContainsRune("OoQDIlLiZzSsBbGgqTtAa|!", c) }

// besideDigit tells whether the word around a character holds a digit, or is made of letters that are read for digits alone.
func besideDigit(text []byte, i, n int) bool {
	from, to := i, i+n
	for from > 0 && text[from-1] > ' ' {
		from--
	}
	for to < len(text) && text[to] > ' ' {
		to++
	}
	all := true
	for _, c := range string(text[from:to]) {
		if unicode.IsDigit(c) {
			return true
		}
		all = all && digitLike(c)
	}
	return all && judged(string(text[from:to]), false) != harmless
}

// verdict is what is known of a word.
type verdict uint8

const (
	unknown   verdict = iota // not in any list: it stays masked
	harmless                 // a common word that is no name
	ofProgram                // every program has it, and it is no name, or begins a line
	named                    // it may be a name: its line stays masked
)

// judged judges a word as it stands on the screen, with marks around it. First says that it begins its line.
func judged(w string, first bool) verdict {
	w = strings.Trim(w, ".,;:!?…\"'“”‘’()[]<>*•·-–—&+|/")
	if w == "" {
		return harmless
	}
	out := ofProgram
	for part := range strings.SplitSeq(strings.ReplaceAll(w, "’", "'"), "-") {
		switch p := judgedPart(part, first); {
		case p == unknown || p == named:
			return p
		case p == harmless:
			out = harmless
		}
	}
	return out
}

func judgedPart(w string, first bool) verdict {
	capitals, letters := 0, 0
	for i, c := range w {
		switch {
		case unicode.IsUpper(c):
			capitals++
			letters++
			if i > 0 && capitals != letters {
				return unknown // camelCase
			}
		case unicode.IsLetter(c):
			letters++
		case c != '\'':
			return unknown
		}
	}
	h := hashOf([]byte(w))
	l := lookUp(h)
	if english.has(h) {
		l |= isCommon | isOften
	}
	switch often := l&isOften != 0; {
	case captions().has(h) && (first || capitals == 0 || l&isName == 0):
		return ofProgram
	case l&isCommon == 0 && l&(isName|isPeople) == 0:
		return unknown
	case l&(isName|isPeople) == 0:
		return harmless
	case english.has(h), often && capitals == 0, often && first && capitals == 1:
		return harmless
	case capitals > 0:
		return named
	}
	return unknown
}
