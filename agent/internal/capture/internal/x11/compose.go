package x11

import (
	"encoding/binary"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// layer is one grabbed window, or a part of it in the memory shared with the server.
type layer struct {
	window uint32
	top    uint32     // the child of the root that it is, or lies in
	origin raw.Rect   // its inside on the screen
	rect   raw.Rect   // the part that was grabbed
	off    int        // where its rows begin in the memory; a row is rect.W*4 bytes
	hidden []raw.Rect // parts that other windows cover and the server did not black out
}

// compose makes the layers in memory one picture of rect. A single one that fills it stays where it is, and full says that its pixels are yet to be
// made opaque. Several are painted over each other, the first lowest, into memory from at on; what no layer holds stays absent.
func compose(rect raw.Rect, layers []layer, memory []byte, at int) (pix []byte, full bool) {
	size := rect.W * rect.H * 4
	if len(layers) == 1 && layers[0].rect == rect {
		pix = memory[layers[0].off:][:size]
		for _, r := range layers[0].hidden {
			blacken(pix, rect, r)
		}
		return pix, true
	}
	pix = memory[at:][:size]
	clear(pix)
	for _, l := range layers {
		for y := range l.rect.H {
			row := memory[l.off+y*l.rect.W*4:][:l.rect.W*4]
			opaque(pix[((l.rect.Y-rect.Y+y)*rect.W+l.rect.X-rect.X)*4:], row)
		}
		for _, r := range l.hidden {
			blacken(pix, rect, meet(r, l.rect))
		}
	}
	return pix, false
}

// opaque copies BGRX pixels as BGRA with full alpha.
func opaque(dst, src []byte) {
	const alpha = 0xff000000_ff000000
	le := binary.LittleEndian
	for len(src) >= 32 && len(dst) >= 32 {
		d, s := (*[32]byte)(dst), (*[32]byte)(src)
		le.PutUint64(d[0:], le.Uint64(s[0:])|alpha)
		le.PutUint64(d[8:], le.Uint64(s[8:])|alpha)
		le.PutUint64(d[16:], le.Uint64(s[16:])|alpha)
		le.PutUint64(d[24:], le.Uint64(s[24:])|alpha)
		dst, src = dst[32:], src[32:]
	}
	for ; len(src) >= 4; dst, src = dst[4:], src[4:] {
		le.PutUint32(dst, le.Uint32(src)|0xff000000)
	}
}

// blacken paints what a picture of rect has of an area black.
func blacken(pix []byte, rect, area raw.Rect) {
	r := meet(rect, area)
	for y := range r.H {
		row := pix[((r.Y-rect.Y+y)*rect.W+r.X-rect.X)*4:][:r.W*4]
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2], row[i+3] = 0, 0, 0, 0xff
		}
	}
}
