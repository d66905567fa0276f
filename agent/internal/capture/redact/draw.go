package redact

import (
	"image"

	"golang.org/x/image/font/basicfont"
)

// revealed is what a picture shows although its text is masked.
type revealed struct {
	strokes []stroke
	tokens  []label
}

// stroke is a part of a line that is shown again.
type stroke struct {
	*textLine
	image.Rectangle // in pixels of the picture
}

// label is a class token that stands where a value is masked.
type label struct {
	text            string
	image.Rectangle // the room for it, in pixels of the picture
}

// draw numbers the pixels of what is shown; false if there are too many colours.
func (m *masker) draw(again *revealed, w int, keep uint32) bool {
	if again == nil {
		return true
	}
	for _, s := range again.strokes {
		if !m.drawStroke(s, w, keep) {
			return false
		}
	}
	for _, l := range again.tokens {
		if !m.drawLabel(l, w, keep) {
			return false
		}
	}
	return true
}

func (m *masker) drawStroke(s stroke, w int, keep uint32) bool {
	var of [levels]uint8
	for i := range of {
		var ok bool
		if of[i], ok = m.index.add(s.colour(byte(i)) & keep); !ok {
			return false
		}
	}
	for y := s.Min.Y; y < s.Max.Y; y++ {
		shades := s.shades[(y-s.box.Min.Y)*s.box.Dx():]
		for x := s.Min.X; x < s.Max.X; x++ {
			m.pixels[y*w+x] = of[shades[x-s.box.Min.X]]
		}
	}
	return true
}

// The letters of a token are those of one small font.
const (
	tokenWide = 7
	tokenHigh = 11 // below that nothing of a token can be read
)

// drawLabel writes a token over the mask, where there is room for all of it.
func (m *masker) drawLabel(l label, w int, keep uint32) bool {
	if l.Dx() < tokenWide*len(l.text) || l.Dy() < tokenHigh {
		return true
	}
	under := m.index.colors[m.pixels[(l.Min.Y+l.Dy()/2)*w+l.Min.X]]
	ink := uint32(0xffffff)
	if under>>16&0xff*3+under>>8&0xff*6+under&0xff > 5*255 {
		ink = 0
	}
	of, ok := m.index.add(ink & keep)
	if !ok {
		return false
	}
	font := basicfont.Face7x13
	top := l.Min.Y + (l.Dy()-tokenHigh)/2 - 1
	for i, c := range []byte(l.text) {
		for y := range font.Height {
			for x := range font.Width {
				at := image.Pt(l.Min.X+i*tokenWide+x, top+y)
				if _, _, _, a := font.Mask.At(x, (int(c)-' ')*font.Height+y).RGBA(); a > 0 && at.In(l.Rectangle) {
					m.pixels[at.Y*w+at.X] = of
				}
			}
		}
	}
	return true
}
