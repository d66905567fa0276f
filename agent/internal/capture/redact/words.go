package redact

import (
	"cmp"
	"image"
	"slices"
	"strings"
)

// span of columns without ink.
type hole struct{ from, to int }

// words finds where each word of the line stands, if what was read agrees with what is drawn: as many words as there are wide gaps,
// each about as long as its letters are. Else something was left out, or put in, and the reading is no proof.
func (t *textLine) words(words []string) ([]image.Rectangle, bool) {
	gaps, from, to := t.holes()
	if len(words) == 0 || from >= to || len(words) > len(gaps)+1 {
		return nil, false
	}
	slices.SortFunc(gaps, func(a, b hole) int { return cmp.Or(cmp.Compare(b.to-b.from, a.to-a.from), cmp.Compare(a.from, b.from)) })
	wide, narrow := gaps[:len(words)-1], gaps[len(words)-1:]
	high := t.box.Dy() - 2*linePad
	if len(narrow) > 0 {
		n := narrow[0].to - narrow[0].from
		if len(wide) > 0 && n >= wide[len(wide)-1].to-wide[len(wide)-1].from || 5*n > 2*max(high, 8) {
			return nil, false
		}
	}
	slices.SortFunc(wide, func(a, b hole) int { return cmp.Compare(a.from, b.from) })
	boxes := make([]image.Rectangle, len(words))
	var wides, units float64
	for i := range words {
		end := to
		if i < len(wide) {
			end = wide[i].from
		}
		boxes[i] = image.Rect(t.box.Min.X+from, t.box.Min.Y, t.box.Min.X+end, t.box.Max.Y)
		wides, units = wides+float64(end-from), units+length(words[i])
		if i < len(wide) {
			from = wide[i].to
		}
	}
	one := wides / units // pixels of a letter
	if one > 1.3*float64(high) || one < 0.2*float64(high) {
		return nil, false
	}
	for i, w := range words {
		if n := length(w); float64(boxes[i].Dx()) > 1.5*one*n+0.3*float64(high) || float64(boxes[i].Dx()) < 0.55*one*n-0.3*float64(high) {
			return nil, false
		}
		boxes[i] = boxes[i].Inset(-1).Intersect(t.box)
	}
	return boxes, true
}

// holes are the columns without ink between the first and the last that have some.
func (t *textLine) holes() (holes []hole, from, to int) {
	w, h := t.box.Dx(), t.box.Dy()
	from, to = w, 0
	for x := range w {
		ink := false
		for y := 0; y < h && !ink; y++ {
			ink = t.shades[y*w+x] > 0
		}
		if !ink {
			continue
		}
		from = min(from, x)
		if to > 0 && x > to {
			holes = append(holes, hole{to, x})
		}
		to = x + 1
	}
	return holes, from, to
}

// length is about how wide a word is, in letters.
func length(word string) (n float64) {
	for _, c := range word {
		switch {
		case strings.ContainsRune("iljtfrI1|!.,:;'’()[]", c):
			n += 0.6
		case strings.ContainsRune("mwMW@%…—", c):
			n += 1.5
		default:
			n++
		}
	}
	return n
}
