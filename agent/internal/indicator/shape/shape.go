package shape

// Side is the width and the height of a shape in pixels.
const Side = 28

// Shape is the form for a state. No two states share one.
type Shape uint8

// The shapes.
const (
	Triangle  Shape = iota // blind, or a state that this build does not know: a warning triangle
	Disc                   // recording: a filled round with a dot
	Bars                   // paused: two bars
	Square                 // off: a hollow square
	Question               // consenting: a question mark on a plate
	Diamond                // excluded, not agreed, outside the hours: a hollow diamond
	Hourglass              // expired: an hourglass that has run out
)

// Of is the shape for a state, as the gate names it.
func Of(state string) Shape {
	switch state {
	case "recording":
		return Disc
	case "paused":
		return Bars
	case "off":
		return Square
	case "consenting":
		return Question
	case "excluded":
		return Diamond
	case "expired":
		return Hourglass
	}
	return Triangle
}

// colours differ in lightness, too.
var colours = [...][3]byte{
	Triangle: {0xff, 0xee, 0x58}, Disc: {0xc6, 0x28, 0x28}, Bars: {0xff, 0xb3, 0x00}, Square: {0xe0, 0xe0, 0xe0},
	Question: {0x80, 0xcb, 0xc4}, Diamond: {0x90, 0xca, 0xf9}, Hourglass: {0xce, 0x93, 0xd8},
}

// At is the pixel of a shape in a square of Side pixels: whether it belongs to the shape, and its red, green and blue.
func (s Shape) At(x, y int) (part bool, rgb [3]byte) {
	part, ink := s.inside(x, y)
	switch {
	case part && ink:
		return true, colours[s]
	case part && s == Disc:
		return true, [3]byte{0xff, 0xff, 0xff}
	}
	return part, [3]byte{}
}

// inside tells whether the shape covers a pixel, and whether the pixel shows its colour (else the ground). Distances are
// doubled, so that the centre between two pixels is a whole number.
func (s Shape) inside(x, y int) (part, ink bool) {
	dx, dy := 2*x-Side+1, 2*y-Side+1
	ax, ay := max(dx, -dx), max(dy, -dy)
	edge := min(x, y, Side-1-x, Side-1-y)
	switch s {
	case Disc:
		d := dx*dx + dy*dy
		return d <= Side*Side, d > 12*12
	case Bars:
		return edge >= 1 && ax > 3 && ax < 23, edge >= 3 && ax > 7 && ax < 20
	case Square:
		return edge >= 2, edge < 7
	case Question:
		return edge >= 1, !questionMark(x, y)
	case Diamond:
		return ax+ay <= Side, ax+ay > Side-14
	case Hourglass:
		return ay <= 25 && ax <= ay+3, ay > 20 || dy > 0 && ax < ay-1 || ax > ay-4
	}
	half := y * Side / (2 * (Side - 1)) * 2 // the triangle widens downwards
	stroke := ax <= 3 && (y >= 11 && y < 19 || y >= 21 && y < 24)
	return y >= 2 && half >= ax, !stroke
}

// glyph is the question mark, each character two pixels wide and high.
var glyph = [...]string{
	".####.",
	"##..##",
	"....##",
	"...##.",
	"..##..",
	"..##..",
	"......",
	"..##..",
	"..##..",
}

func questionMark(x, y int) bool {
	row, column := y-(Side/2-len(glyph)), x-(Side/2-len(glyph[0]))
	return row >= 0 && row/2 < len(glyph) && column >= 0 && column/2 < len(glyph[0]) && glyph[row/2][column/2] == '#'
}
