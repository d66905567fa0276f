package redact

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"

	"github.com/byleave/byleave/proto/pb"
)

// pictures takes pictures whole, and blacks out areas of others. A picture that changed has another name.
func (n *narrowing) pictures() error {
	for _, sum := range n.cut.Frames {
		for _, e := range n.p.GetEvents() {
			if a := e.GetAction(); a != nil {
				a.Before, a.After = unless(a.GetBefore(), sum), unless(a.GetAfter(), sum)
			}
		}
	}
	areas := map[[32]byte][]image.Rectangle{}
	for _, a := range n.cut.Areas {
		areas[a.Frame] = append(areas[a.Frame], image.Rect(a.X, a.Y, a.X+a.W, a.Y+a.H))
	}
	for sum, rects := range areas {
		f := n.frame(sum)
		if err := blacken(f, rects); err != nil {
			return err
		}
		for _, e := range n.p.GetEvents() {
			for _, ref := range refsOf(e) {
				if string(ref.GetSha256()) == string(sum[:]) {
					ref.Sha256 = f.GetSha256()
				}
			}
		}
	}
	n.once()
	return nil
}

// once keeps one of each picture: two that differed only in what was blacked out are one now.
func (n *narrowing) once() {
	have := map[string]bool{}
	n.p.Frames = slices.DeleteFunc(n.p.GetFrames(), func(f *pb.Frame) bool {
		known := have[string(f.GetSha256())]
		have[string(f.GetSha256())] = true
		return known
	})
}

func unless(ref *pb.FrameRef, sum [32]byte) *pb.FrameRef {
	if string(ref.GetSha256()) != string(sum[:]) {
		return ref
	}
	return &pb.FrameRef{Withheld: withheldCut}
}

// blacken makes areas of a picture black. Every other pixel stays; what else a file may hold beside its pixels does not.
func blacken(f *pb.Frame, areas []image.Rectangle) error {
	c, err := png.DecodeConfig(bytes.NewReader(f.GetImage()))
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/c.Height {
		return fmt.Errorf("%w: a picture cannot be read; take it out whole", ErrCut)
	}
	src, err := png.Decode(bytes.NewReader(f.GetImage()))
	if err != nil {
		return fmt.Errorf("%w: a picture cannot be read; take it out whole", ErrCut)
	}
	out := canvasOf(src)
	for _, area := range areas {
		draw.Draw(out, area.Add(src.Bounds().Min), image.NewUniform(darkest(out)), image.Point{}, draw.Src)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		return fmt.Errorf("write a picture anew: %w", err)
	}
	sum := sha256.Sum256(b.Bytes())
	f.Image, f.Sha256 = b.Bytes(), sum[:]
	return nil
}

// canvasOf is a copy that can be drawn on. A palette keeps its colours, and gets black if it has room.
func canvasOf(src image.Image) draw.Image {
	if p, ok := src.(*image.Paletted); ok {
		out := image.NewPaletted(p.Bounds(), slices.Clone(p.Palette))
		copy(out.Pix, p.Pix)
		if len(out.Palette) < 256 && !slices.ContainsFunc(out.Palette, isBlack) {
			out.Palette = append(out.Palette, color.RGBA{A: 255})
		}
		return out
	}
	out := image.NewNRGBA(src.Bounds())
	draw.Draw(out, out.Bounds(), src, src.Bounds().Min, draw.Src)
	return out
}

func isBlack(c color.Color) bool {
	r, g, b, a := c.RGBA()
	return r|g|b == 0 && a == 0xffff
}

// darkest is black, or what comes nearest in a palette that is full.
func darkest(img draw.Image) color.Color {
	if p, ok := img.(*image.Paletted); ok {
		return p.Palette.Convert(color.RGBA{A: 255})
	}
	return color.RGBA{A: 255}
}
