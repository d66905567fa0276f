package indicator

import (
	"errors"
	"image"
)

// Class is the WM_CLASS of the mark, both parts.
const Class = "byleave-indicator"

// ErrNoDisplay says that the mark cannot be shown; without it nothing may be recorded.
var ErrNoDisplay = errors.New("indicator: no display to draw on: set DISPLAY (and XAUTHORITY) to a running X session")

// ErrClosed says that the mark was closed or its display went away.
var ErrClosed = errors.New("indicator: the mark is gone: open it again")

// Face is what the mark shows. State is a state's name as the gate gives it; Words are the few words beside the shape.
type Face struct {
	State string
	Words string
}

// outline is the form of a mark. No two states that a person must tell apart share one, whatever the colours.
type outline uint8

const (
	disc     outline = iota // recording: a filled round with a dot
	bars                    // paused: two bars
	square                  // off, consenting, expired: a hollow square
	diamond                 // excluded or not agreed: a hollow diamond
	triangle                // blind, or a state that this build does not know: a warning triangle
)

// shapeOf is the shape for a state.
func shapeOf(state string) outline {
	switch state {
	case "recording":
		return disc
	case "paused":
		return bars
	case "off", "consenting", "expired":
		return square
	case "excluded":
		return diamond
	}
	return triangle
}

// Size of the mark in pixels, and where the shape ends and the label begins.
const (
	side   = 28
	gap    = 4
	pad    = 6
	margin = 12 // to the monitor's edge
	most   = 40 // characters of words that are shown
)

// colours of the mark: chosen to differ in lightness, too.
var colours = map[outline][3]byte{
	disc: {0xc6, 0x28, 0x28}, bars: {0xff, 0xb3, 0x00}, square: {0xe0, 0xe0, 0xe0}, diamond: {0x90, 0xca, 0xf9}, triangle: {0xff, 0xee, 0x58},
}

// inside tells what the shape has at a pixel of the side x side square: part says whether the window covers it, ink
// whether it shows the shape's colour (else the dark ground).
func (s outline) inside(x, y int) (part, ink bool) {
	dx, dy := 2*x-side+1, 2*y-side+1 // twice the distance to the centre
	switch s {
	case disc:
		d := dx*dx + dy*dy
		return d <= side*side, d > 12*12
	case bars:
		left, right := x >= 4 && x < 12, x >= 16 && x < 24
		return (left || right) && y >= 1 && y < side-1, true
	case square:
		edge := min(x, y, side-1-x, side-1-y)
		return edge >= 2, edge < 7
	case diamond:
		d := max(dx, -dx) + max(dy, -dy)
		return d <= side, d > side-14
	}
	half := y * side / (2 * (side - 1)) * 2 // the triangle widens downwards
	d := half - max(dx, -dx)
	stroke := max(dx, -dx) <= 3 && y >= 11 && y < 19 || max(dx, -dx) <= 3 && y >= 21 && y < 24
	return y >= 2 && d >= 0, !stroke
}

// picture is a drawn mark: BGRX rows, and the part of the rectangle that the window covers.
type picture struct {
	w, h int
	pix  []byte
	mask []bool
	row  int // a row that crosses shape and label, for the proof
}

// draw paints a face.
func draw(f Face) picture {
	words := label(f.Words)
	s := shapeOf(f.State)
	width := side
	if words != "" {
		width += gap + 2*pad + textWidth(words)
	}
	p := picture{w: width, h: side, pix: make([]byte, width*side*4), mask: make([]bool, width*side), row: side/2 + 1}
	for y := range side {
		for x := range side {
			part, ink := s.inside(x, y)
			p.mask[y*width+x] = part
			if ink {
				p.set(x, y, colours[s])
			} else if s == disc && part {
				p.set(x, y, [3]byte{0xff, 0xff, 0xff})
			}
		}
	}
	for y := range side {
		for x := side + gap; x < width; x++ {
			p.mask[y*width+x] = y >= 4 && y < side-4
		}
	}
	drawText(words, image.Pt(side+gap+pad, side/2+4), func(x, y int) { p.set(x, y, [3]byte{0xff, 0xff, 0xff}) })
	return p
}

func (p *picture) set(x, y int, rgb [3]byte) {
	if x < 0 || y < 0 || x >= p.w || y >= p.h {
		return
	}
	i := (y*p.w + x) * 4
	p.pix[i], p.pix[i+1], p.pix[i+2] = rgb[2], rgb[1], rgb[0]
}

// rect is a part of a row that the window covers.
type rect struct{ x, y, w int }

// rows is the covered part of the picture as runs.
func (p *picture) rows() []rect {
	var out []rect
	for y := range p.h {
		for x := 0; x < p.w; x++ {
			from := x
			for x < p.w && p.mask[y*p.w+x] {
				x++
			}
			if x > from {
				out = append(out, rect{from, y, x - from})
			}
		}
	}
	return out
}
