package main

import (
	"image"
	"strings"

	"golang.org/x/image/draw"
)

// How a line is made ready for the engine, in pixels.
const (
	tallest  = 22 // rows from the top of the highest letter to the bottom of the lowest
	again    = 30 // where that was not read surely
	margin   = 10
	faint    = 12 // a contrast below it is no text
	smallest = 16 // pixels in a picture of a letter
	mostZoom = 4
	mostWide = 6000
)

// tidy gives a line dark on white, cut to its ink, of one height, with a margin. It is false if there is no ink.
func tidy(line *image.Gray, high int) (*image.Gray, bool) {
	ground, ink, ok := levels(line)
	if !ok {
		return nil, false
	}
	flat := stretch(line, ground, ink)
	box := inkBox(flat)
	if box.Empty() {
		return nil, false
	}
	zoom := min(float64(high)/float64(box.Dy()), mostZoom, float64(mostWide)/float64(box.Dx()))
	w, h := max(1, int(zoom*float64(box.Dx()))), max(1, int(zoom*float64(box.Dy())))
	page := image.NewGray(image.Rect(0, 0, w+2*margin, h+2*margin))
	for i := range page.Pix {
		page.Pix[i] = 255
	}
	draw.CatmullRom.Scale(page, image.Rect(margin, margin, margin+w, margin+h), flat, box, draw.Src, nil)
	clear(flat.Pix)
	return page, true
}

// levels are the commonest grey of a line, which is its ground, and the grey farthest from it that a few pixels have.
func levels(line *image.Gray) (ground, ink int, ok bool) {
	var count [256]int
	w, h := line.Rect.Dx(), line.Rect.Dy()
	if w*h < smallest {
		return 0, 0, false
	}
	for y := range h {
		for _, p := range line.Pix[y*line.Stride:][:w] {
			count[p]++
		}
	}
	for g, n := range count {
		if n > count[ground] {
			ground = g
		}
	}
	few := max(2, w*h/400)
	low, high := 0, 255
	for n := count[low]; n < few; n += count[low] {
		low++
	}
	for n := count[high]; n < few; n += count[high] {
		high--
	}
	ink = low
	if high-ground > ground-low {
		ink = high
	}
	return ground, ink, max(ink-ground, ground-ink) >= faint
}

// stretch makes the ground white and the ink black.
func stretch(line *image.Gray, ground, ink int) *image.Gray {
	var to [256]uint8
	for g := range to {
		to[g] = uint8(255 - min(max((g-ground)*255/(ink-ground), 0), 255))
	}
	w, h := line.Rect.Dx(), line.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x, p := range line.Pix[y*line.Stride:][:w] {
			out.Pix[y*out.Stride+x] = to[p]
		}
	}
	return out
}

// dark is the grey from which a pixel is ink.
const dark = 160

// inkBox is the smallest rectangle that holds all ink.
func inkBox(flat *image.Gray) image.Rectangle {
	var box image.Rectangle
	for y := range flat.Rect.Dy() {
		for x, p := range flat.Pix[y*flat.Stride:][:flat.Rect.Dx()] {
			if p < dark {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// found is a word and where it stands.
type found struct {
	text        string
	sure        float64
	left, right int
}

// Limits within which a reading is believed, in parts of the height of the line.
const (
	overlooked = .25 // ink this wide in one place that no word covers
	widest     = 1.6 // a letter
)

// join gives the text of a line and how sure the least sure word is. It is not sure at all where there is ink that no word
// covers, or a word too wide for its letters: something was left out, and what was left out must not be revealed.
func join(words []found, page *image.Gray) (string, float64) {
	if len(words) == 0 {
		return "", 0
	}
	high := float64(page.Rect.Dy() - 2*margin)
	covered := make([]bool, page.Rect.Dx())
	texts, sure := make([]string, len(words)), 1.
	for i, w := range words {
		texts[i] = w.text
		if i+1 < len(words) && strings.HasPrefix(w.text, "|") && startsLower(strings.TrimPrefix(w.text, "|")+words[i+1].text) {
			texts[i] = "I" + w.text[1:]
		}
		sure = min(sure, w.sure)
		for x := max(w.left, 0); x < min(w.right, len(covered)); x++ {
			covered[x] = true
		}
		if float64(w.right-w.left) > high*widest*float64(len([]rune(w.text))) {
			sure = 0
		}
	}
	if float64(bare(page, covered)) > overlooked*high {
		sure = 0
	}
	return strings.Join(texts, " "), max(sure, 0)
}

// startsLower tells of what stands behind the word I, which the engine likes to read as a bar.
func startsLower(s string) bool { return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] == '\'') }

// bare counts the columns with ink in the widest place that no word covers.
func bare(page *image.Gray, covered []bool) int {
	most, n := 0, 0
	for x, ok := range covered {
		if ok {
			n = 0
			continue
		}
		if inked(page, x) {
			n++
		}
		most = max(most, n)
	}
	return most
}

func inked(page *image.Gray, x int) bool {
	for y := range page.Rect.Dy() {
		if page.Pix[y*page.Stride+x] < dark {
			return true
		}
	}
	return false
}

// sample is a line with something to read.
func sample() *image.Gray {
	line := image.NewGray(image.Rect(0, 0, 60, 20))
	for i := range line.Pix {
		line.Pix[i] = 255
	}
	for _, x := range []int{10, 20, 30, 40} { // four letters l
		for y := 4; y < 16; y++ {
			line.Pix[y*line.Stride+x], line.Pix[y*line.Stride+x+1] = 0, 0
		}
	}
	return line
}
