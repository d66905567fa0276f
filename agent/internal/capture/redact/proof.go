package redact

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostDigits is how many digits may stand behind each other, over gaps, in a line that is shown.
const mostDigits = 4

// judge shows of line i the words that are proven clean: no finding touches them, alone or with what stands beside the line, they
// are no names, and no name or value stands beside them but a plain small word. Where a value was found, its token stands on the mask.
func (v *reveal) judge(r *Redactor, lines []textLine, i int, upTo reach) {
	t := &lines[i]
	words := strings.Fields(t.text)
	boxes, agrees := t.words(words)
	agrees = agrees && !t.strays(words, boxes)
	caption := len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return judged(w, true) != ofProgram })
	found := v.find(r, lines, i, caption)
	places := slices.Clone(boxes)
	known := agrees && (caption || upTo == reachLines && !v.blind(lines, i)) && v.keep(words, boxes, found, caption)
	if known {
		v.show(t, boxes)
	} else {
		boxes = nil
	}
	v.name(r, t, found, boxes, places)
}

// name has the tokens of values stand where the values are masked: each from its first word as far as nothing is shown and no other
// begins. If nobody knows where the words stand, the first token stands for the line.
func (v *reveal) name(r *Redactor, t *textLine, found []finding, boxes, places []image.Rectangle) {
	var starts []int
	for _, f := range found {
		if f.value != (digest{}) && !slices.Contains(starts, f.from) {
			starts = append(starts, f.from)
		}
	}
	for _, f := range found {
		i := slices.Index(starts, f.from)
		if i < 0 || f.value == (digest{}) {
			continue
		}
		starts[i] = -1 // it is told
		room := t.box
		if places != nil {
			room.Min.X = places[f.from].Min.X
			for k := f.from + 1; k < len(places); k++ {
				if boxes != nil && !boxes[k].Empty() || slices.Contains(starts, k) {
					room.Max.X = places[k].Min.X
					break
				}
			}
		}
		v.shown.tokens = append(v.shown.tokens, label{r.names.token(f.value), room})
		if places == nil {
			return
		}
	}
}

// keep empties the boxes of words that stay masked. It tells whether there is a word among the rest.
func (v *reveal) keep(words []string, boxes []image.Rectangle, found []finding, caption bool) (known bool) {
	const masked, near = 1, 2 // near: beside a name or a value
	state := make([]uint8, len(words)+2)
	risk := func(k int) {
		state[k+1] = masked
		for _, n := range [...]int{k, k + 2} {
			if state[n] == 0 {
				state[n] = near
			}
		}
	}
	for _, f := range found {
		for k := f.from; k < f.to; k++ {
			risk(k)
		}
	}
	for k, w := range words {
		switch judged(w, k == 0) {
		case named:
			if !caption {
				risk(k)
			}
		case unknown:
			state[k+1] = masked
		}
	}
	for k, w := range words {
		if state[k+1] == masked || state[k+1] == near && !plainWord(w) {
			boxes[k] = image.Rectangle{}
		} else if strings.ContainsFunc(w, unicode.IsLetter) && utf8.RuneCountInString(w) > 1 {
			known = true
		}
	}
	return known
}

// plainWord tells of a small common word, which may stand beside a name or a value without being a part of it.
func plainWord(w string) bool {
	return w == strings.ToLower(w) && !strings.ContainsFunc(w, unicode.IsDigit) && judged(w, false) != unknown
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

// finding is what forbids to show some words of a line.
type finding struct {
	from, to int    // words
	value    digest // zero if it is no value that lies in the line
}

// find looks for what must not be shown in line i, read alone, with what stands left and right of it, and with what stands above and
// below: a value may be split, and its label may stand anywhere. What every program says is read alone.
func (v *reveal) find(r *Redactor, lines []textLine, i int, alone bool) (found []finding) {
	text := func(j int) string {
		if j < 0 || alone {
			return ""
		}
		return lines[j].text
	}
	w, t := &v.rows, lines[i].text
	starts, ends := bounds(t)
	with := func(s *sides) [7]joint {
		return joints(text(s.left[i]), text(s.right[i]), text(s.above[i]), text(s.below[i]))
	}
	near := with(&w.near)
	read := append([]joint{{gap: " "}}, near[:]...)
	if past := with(&w.past); past != near {
		read = append(read, past[:]...)
	}
	for k, c := range read {
		if k > 0 && c.before == "" && c.after == "" || c.gap == "" && !seam(c.before, t) && !seam(t, c.after) {
			continue
		}
		w.text = append(w.text[:0], c.before...)
		if c.before != "" {
			w.text = append(w.text, c.gap...)
		}
		from := len(w.text)
		w.text = append(w.text, t...)
		if c.after != "" {
			w.text = append(append(w.text, c.gap...), c.after...)
		}
		add := func(start, end int, value digest) {
			f := finding{from: len(starts), value: value}
			for k := range starts {
				if starts[k] < end-from && ends[k] > start-from {
					f.from, f.to = min(f.from, k), k+1
				}
			}
			if f.from < f.to {
				found = append(found, f)
			}
		}
		for _, s := range r.engine.scan(w.text) {
			var d digest
			if k == 0 {
				d = r.names.digest(s.class, r.engine.normal(s.class, bytes.Clone(w.text[s.start:s.end]))) // the engine uses its memory again
			}
			add(s.start, s.end, d)
		}
		manyDigits(w.text, func(start, end int) { add(start, end, digest{}) })
	}
	return v.told(r, t, found)
}

// joint is a line between what stands before and behind it.
type joint struct{ before, gap, after string }

// joints are the ways in which a line may go with what stands beside it.
func joints(left, right, above, below string) [7]joint {
	return [7]joint{{left, " ", right}, {above, "\n", below}, {above, " ", below}, {left, ": ", ""}, {above, ": ", ""}, {left, "", right}, {above, "", below}}
}

// seam tells whether one word may go on from the end of one line to the begin of the next: neither part is a word of its own.
func seam(before, after string) bool {
	a, b := strings.Fields(before), strings.Fields(after)
	return len(a) > 0 && len(b) > 0 && judged(a[len(a)-1], true) == unknown && judged(b[0], true) == unknown
}

// mostGram is of how many words a value may be that was typed before.
const mostGram = 5

// told adds what was found in typed text, whatever stands around it now.
func (v *reveal) told(r *Redactor, text string, found []finding) []finding {
	starts, ends := bounds(text)
	for c := opaque + 1; c < classes; c++ {
		if c == token || c == number || r.names.last[c] == 0 && !slices.ContainsFunc(v.typed, func(d digest) bool { return d.class == c }) {
			continue
		}
		for n := range mostGram {
			for i := 0; i+n < len(starts); i++ {
				d := r.names.digest(c, r.engine.normal(c, []byte(strings.Trim(text[starts[i]:ends[i+n]], ".,;:!?()\"'"))))
				same := func(f finding) bool { return f.value == d && f.from <= i+n && f.to > i }
				if (r.names.knows(d) || slices.Contains(v.typed, d)) && !slices.ContainsFunc(found, same) {
					found = append(found, finding{i, i + n + 1, d})
				}
			}
		}
	}
	return found
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

// manyDigits finds runs of digits that could be a number of somebody's. Letters that readers take for digits count as such where they
// stand among digits.
func manyDigits(text []byte, found func(start, end int)) {
	run, real, gap, begin, end := 0, 0, 0, 0, 0
	over := func() {
		if run > mostDigits && real > 1 {
			found(begin, end)
		}
		run, real, gap = 0, 0, 0
	}
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRune(text[i:])
		a, _ := alike(c)
		switch digit := a >= '0' && a <= '9'; {
		case digit, digitLike(c) && besideDigit(text, i, n):
			if run == 0 {
				begin = i
			}
			run, gap, end = run+1, 0, i+n
			if digit {
				real++
			}
		case run > 0 && gap < 3 && !unicode.IsLetter(c):
			gap++
		default:
			over()
		}
		i += n
	}
	over()
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
