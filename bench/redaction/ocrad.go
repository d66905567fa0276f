package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"os/exec"
	"strings"

	"golang.org/x/image/draw"
)

// ocrad is GNU Ocrad, which knows letters by their shape: a reader of quite another make that every Debian has. It is told where to
// look, and sees each box dark on light, stretched to full contrast and enlarged.
type ocrad struct{}

func (ocrad) close() {}

func (ocrad) read(file string, boxes []image.Rectangle, _ bool) ([]string, string, error) {
	img, err := open(file)
	if err != nil {
		return nil, "", err
	}
	words := make([]string, len(boxes))
	for i, b := range boxes {
		crop := enlarged(img, b)
		if crop == nil {
			continue
		}
		cmd := exec.CommandContext(context.Background(), "ocrad", "--format=utf8", "-")
		cmd.Stdin = bytes.NewReader(append(fmt.Appendf(nil, "P5 %d %d 255\n", crop.Rect.Dx(), crop.Rect.Dy()), crop.Pix...))
		out, err := cmd.Output()
		if err != nil {
			return nil, "", fmt.Errorf("ocrad: %w", err)
		}
		words[i] = strings.Join(strings.Fields(string(out)), " ")
	}
	return words, "", nil
}

// enlarged is a box with a margin, about 60 pixels high; nil if it has one colour only.
func enlarged(img image.Image, box image.Rectangle) *image.Gray {
	const margin, high = 8, 60
	far, most := distances(img, box.Inset(-2).Intersect(img.Bounds()))
	if most == 0 {
		return nil
	}
	for i, d := range far.Pix {
		far.Pix[i] = uint8(255 - int(d)*255/most)
	}
	zoom := max(1, (high+far.Rect.Dy()/2)/far.Rect.Dy())
	out := image.NewGray(image.Rect(0, 0, zoom*far.Rect.Dx()+2*margin, zoom*far.Rect.Dy()+2*margin))
	for i := range out.Pix {
		out.Pix[i] = 255
	}
	draw.CatmullRom.Scale(out, out.Rect.Inset(margin), far, far.Rect, draw.Src, nil)
	return out
}
