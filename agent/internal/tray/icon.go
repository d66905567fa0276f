package tray

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"

	"github.com/byleave/byleave/agent/internal/indicator/shape"
)

// drawing is the shape of a state on clear ground.
func drawing(state string) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, shape.Side, shape.Side))
	s := shape.Of(state)
	for y := range shape.Side {
		for x := range shape.Side {
			if part, rgb := s.At(x, y); part {
				img.SetNRGBA(x, y, color.NRGBA{R: rgb[0], G: rgb[1], B: rgb[2], A: 0xff})
			}
		}
	}
	return img
}

// pngIcon is the icon of a state for trays that take PNG.
func pngIcon(state string) []byte {
	var b bytes.Buffer
	if err := png.Encode(&b, drawing(state)); err != nil {
		panic("tray: a drawing of fixed size is no PNG: " + err.Error())
	}
	return b.Bytes()
}

// icoIcon is the icon of a state for Windows, which takes only .ico: a directory of one picture, a header, the pixels from the
// bottom row up as blue, green, red and alpha, and a mask of one bit per pixel that alpha makes void.
func icoIcon(state string) []byte {
	const header, pixels, mask = 40, shape.Side * shape.Side * 4, (shape.Side + 31) / 32 * 4 * shape.Side
	var b bytes.Buffer
	put := func(values ...any) {
		for _, v := range values {
			if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
				panic("tray: " + err.Error())
			}
		}
	}
	put(uint16(0), uint16(1), uint16(1), uint8(shape.Side), uint8(shape.Side), uint16(0), uint16(1), uint16(32), uint32(header+pixels+mask), uint32(22))
	put(uint32(header), int32(shape.Side), int32(2*shape.Side), uint16(1), uint16(32), [6]uint32{})
	img := drawing(state)
	for y := shape.Side - 1; y >= 0; y-- {
		for x := range shape.Side {
			c := img.NRGBAAt(x, y)
			b.Write([]byte{c.B, c.G, c.R, c.A})
		}
	}
	b.Write(make([]byte, mask))
	return b.Bytes()
}
