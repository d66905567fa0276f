package indicator

import (
	"errors"
	"image"

	"github.com/byleave/byleave/agent/internal/indicator/shape"
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

// Size of the mark in pixels, and where the shape ends and the label begins.
const (
	side   = shape.Side
	gap    = 4
	pad    = 6
	margin = 12 // to the monitor's edge
	most   = 40 // characters of words that are shown
)

// picture is a drawn mark: BGRX rows, and the part of the rectangle that the window covers.
type picture struct {
	w, h int
	pix  []byte
	mask []bool
}

// draw paints a face.
func draw(f Face) picture {
	words := label(f.Words)
	s := shape.Of(f.State)
	width := side
	if words != "" {
		width += gap + 2*pad + textWidth(words)
	}
	p := picture{w: width, h: side, pix: make([]byte, width*side*4), mask: make([]bool, width*side)}
	for y := range side {
		for x := range side {
			part, rgb := s.At(x, y)
			p.mask[y*width+x] = part
			p.set(x, y, rgb)
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
