package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"

	"golang.org/x/image/draw"
)

// The sizes of a picture of docs/images: four looks beside each other, each cut off at the bottom.
const (
	imageHeight = 912
	imageMargin = 6
	wideShown   = 620
	narrowShown = 230
)

// intoDocs makes docs/images/file of the page that was photographed as name, in every look. Only with BYLEAVE_GENERATE: the documents show
// what a run of these tests saw.
func intoDocs(t *testing.T, name, file string) {
	t.Helper()
	if os.Getenv("BYLEAVE_GENERATE") == "" {
		return
	}
	sheet := image.NewRGBA(image.Rect(0, 0, 2*(wideShown+narrowShown)+5*imageMargin+18, imageHeight))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.RGBA{139, 141, 152, 255}), image.Point{}, draw.Src)
	x := imageMargin
	for _, l := range looks {
		b, err := os.ReadFile(artefact(t, name+"-"+l.name))
		must(t, err)
		page, err := png.Decode(bytes.NewReader(b))
		must(t, err)
		width := wideShown
		if l.width < 1000 {
			width = narrowShown
		}
		height := imageHeight - 2*imageMargin
		shown := image.Rect(0, 0, page.Bounds().Dx(), min(page.Bounds().Dy(), height*page.Bounds().Dx()/width))
		to := image.Rect(x, imageMargin, x+width, imageMargin+shown.Dy()*width/shown.Dx())
		draw.CatmullRom.Scale(sheet, to, page, shown, draw.Src, nil)
		x += width + 2*imageMargin
	}
	var out bytes.Buffer
	must(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, sheet))
	must(t, os.WriteFile("../docs/images/"+file, out.Bytes(), 0o644))
}

// oneIntoDocs makes docs/images/file of one photograph.
func oneIntoDocs(t *testing.T, name, file string) {
	t.Helper()
	if os.Getenv("BYLEAVE_GENERATE") == "" {
		return
	}
	b, err := os.ReadFile(artefact(t, name))
	must(t, err)
	must(t, os.WriteFile("../docs/images/"+file, b, 0o644))
}
