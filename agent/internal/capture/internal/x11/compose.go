package x11

import (
	"encoding/binary"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// layer is one grabbed window in a slot's memory.
type layer struct {
	window uint32
	top    uint32     // the child of the root that it is, or lies in
	origin raw.Rect   // its inside on the screen
	rect   raw.Rect   // the part that was grabbed
	off    int        // where its rows begin in the memory; a row is rect.W*4 bytes
	hidden []raw.Rect // parts that other windows cover and the server did not black out
}

// compose makes the layers in memory one picture, without a copy of a single one. Several are painted over each other, the first
// lowest, behind them in memory; what no layer holds stays absent.
func compose(layers []layer, memory []byte) *raw.Shot {
	if len(layers) == 1 {
		l := layers[0]
		shot := &raw.Shot{Canvas: l.rect, Stride: l.rect.W * 4, Pix: memory[:l.rect.W*l.rect.H*4]}
		opaque(shot.Pix, shot.Pix)
		for _, r := range l.hidden {
			blacken(shot, r)
		}
		return shot
	}
	var canvas raw.Rect
	for _, l := range layers {
		canvas = join(canvas, l.rect)
	}
	last := layers[len(layers)-1]
	begin := last.off + last.rect.W*last.rect.H*4
	shot := &raw.Shot{Canvas: canvas, Stride: canvas.W * 4, Pix: memory[begin : begin+canvas.W*canvas.H*4]}
	clear(shot.Pix)
	for _, l := range layers {
		for y := range l.rect.H {
			row := memory[l.off+y*l.rect.W*4:][:l.rect.W*4]
			opaque(shot.Pix[(l.rect.Y-canvas.Y+y)*shot.Stride+(l.rect.X-canvas.X)*4:], row)
		}
		for _, r := range l.hidden {
			blacken(shot, r)
		}
	}
	return shot
}

// opaque copies BGRX pixels as BGRA with full alpha.
func opaque(dst, src []byte) {
	le := binary.LittleEndian
	for len(src) >= 8 {
		le.PutUint64(dst, le.Uint64(src)|0xff000000_ff000000)
		dst, src = dst[8:], src[8:]
	}
	if len(src) == 4 {
		le.PutUint32(dst, le.Uint32(src)|0xff000000)
	}
}

// blacken paints a part of the picture black.
func blacken(shot *raw.Shot, r raw.Rect) {
	for y := range r.H {
		row := shot.Pix[(r.Y-shot.Canvas.Y+y)*shot.Stride+(r.X-shot.Canvas.X)*4:][:r.W*4]
		for i := 0; i < len(row); i += 4 {
			row[i], row[i+1], row[i+2], row[i+3] = 0, 0, 0, 0xff
		}
	}
}
