package redact

import (
	"image"
	"strings"
	"unicode"
)

// leastStray is how high a piece is that may be a letter of something, in pixels.
const leastStray = 4

// strays tells whether above or below the letters of a word lies more than its dots, accents and marks: small text that stands so close to a line
// that it is drawn with it, and that nobody has read.
func (t *textLine) strays(words []string, boxes []image.Rectangle) bool {
	count := make([]int, len(words))
	from, to := t.core()
	for _, p := range t.pieces() {
		if p.Max.Y > from && p.Min.Y < to || p.Dy() < leastStray {
			continue
		}
		for k, b := range boxes {
			if x := t.box.Min.X + (p.Min.X+p.Max.X)/2; x >= b.Min.X && x < b.Max.X {
				if count[k]++; count[k] > apart(words[k]) {
					return true
				}
				break
			}
		}
	}
	return false
}

// core are the rows of a line in which most ink is: those of its small letters.
func (t *textLine) core() (from, to int) {
	w, h := t.box.Dx(), t.box.Dy()
	ink, most := make([]int, h), 0
	for y := range h {
		for _, s := range t.shades[y*w:][:w] {
			if s > 0 {
				ink[y]++
			}
		}
		most = max(most, ink[y])
	}
	to = h
	for to > 0 && 2*ink[to-1] < most {
		to--
	}
	for from < to && 2*ink[from] < most {
		from++
	}
	return from, to
}

// pieces are the connected pieces of ink, in pixels of the line.
func (t *textLine) pieces() (all []image.Rectangle) {
	w, h := t.box.Dx(), t.box.Dy()
	seen := make([]bool, w*h)
	var stack []int
	for i, s := range t.shades {
		if s == 0 || seen[i] {
			continue
		}
		seen[i] = true
		piece := image.Rect(i%w, i/w, i%w+1, i/w+1)
		for stack = append(stack[:0], i); len(stack) > 0; {
			j := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := j%w, j/w
			piece = piece.Union(image.Rect(x, y, x+1, y+1))
			for ny := max(0, y-1); ny <= min(h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(w-1, x+1); nx++ {
					if n := ny*w + nx; !seen[n] && t.shades[n] > 0 {
						seen[n] = true
						stack = append(stack, n)
					}
				}
			}
		}
		all = append(all, piece)
	}
	return all
}

// apart is how many pieces of a word may lie above or below its letters.
func apart(word string) (n int) {
	for _, c := range word {
		switch {
		case strings.ContainsRune("ij", c):
			n++
		case c > unicode.MaxASCII: // an ellipsis is three
			n += 3
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			n += 2
		}
	}
	return n
}
