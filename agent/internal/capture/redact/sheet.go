package redact

import (
	"context"
	"errors"
	"image"
	"image/draw"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// Seen counts what was done to a picture. It holds no content.
type Seen struct {
	Lines int // that look like text
	Left  int // that nobody read: the time was over, or the reader failed
	Read  int // that were read with confidence
	Shown int // of which at least one word is shown
	Words int // that are shown
}

// Picture gives img as a PNG in which all text is masked, but for lines that read can read and the engine proves clean. Without
// a reader all text stays masked. It reads until ctx ends; what was not read by then stays masked. It is what the agent does to a frame
// in which the person lets harmless lines be shown, without the agent's limits of time.
func (r *Redactor) Picture(ctx context.Context, img image.Image, read reader) ([]byte, Seen, error) {
	b := img.Bounds()
	if b.Empty() || b.Dx() > mostPixels/b.Dy() {
		return nil, Seen{}, errors.New("redact: the picture is empty or larger than four screens of 4K")
	}
	rgba := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(rgba, rgba.Rect, img, b.Min, draw.Src)
	for i := 0; i < len(rgba.Pix); i += 4 { // as the display gives it: BGRA
		p := rgba.Pix[i : i+4 : i+4]
		p[0], p[2] = p[2], p[0]
	}
	shot := &raw.Shot{Pix: rgba.Pix, Stride: rgba.Stride, Canvas: raw.Rect{W: b.Dx(), H: b.Dy()}}
	defer shot.Wipe()
	v := &reveal{reader: read, ctx: ctx, typing: true}
	defer v.forget()
	as := func() view { return view{upTo: reachLines, typing: true} }
	if read == nil {
		as = nil
	}
	f := r.masker.picture(shot, as, func() (*revealed, bool) { return v.lines(r, shot, reachLines) })
	r.masker.forget()
	if f == nil {
		return nil, Seen{}, errors.New("redact: the picture could not be masked")
	}
	return f.Image, v.seen(), nil
}

// seen counts the last picture.
func (v *reveal) seen() Seen {
	n := Seen{Words: len(v.shown.strokes)}
	for _, t := range v.layout.lines {
		if t.shades != nil {
			n.Lines++
		}
		if !t.read {
			n.Left++
		}
		if t.sure >= leastSure {
			n.Read++
		}
	}
	for i, s := range v.shown.strokes {
		if i == 0 || s.textLine != v.shown.strokes[i-1].textLine {
			n.Shown++
		}
	}
	return n
}
