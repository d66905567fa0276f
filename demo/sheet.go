package main

import (
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	xdraw "golang.org/x/image/draw"
)

// The contact sheet: rows of small frames, as many as fit well on one page.
const (
	columns, most  = 4, 12
	thumbW, thumbH = 360, 270
	gutter         = 12
)

// inOrder lists the frames in the order in which the actions show them, each once.
func inOrder(lines []line, export string) (names []string) {
	seen := map[string]bool{}
	for _, l := range lines {
		for _, f := range []*struct{ File, Withheld string }{l.Before, l.After} {
			if f != nil && f.File != "" && !seen[f.File] {
				seen[f.File] = true
				names = append(names, filepath.Join(export, filepath.FromSlash(f.File)))
			}
		}
	}
	return names
}

// contactSheet draws the frames into one picture: what an operator gets to see.
func contactSheet(to string, frames []string) error {
	if len(frames) > most {
		step := float64(len(frames)) / most
		var some []string
		for i := range most {
			some = append(some, frames[int(float64(i)*step)])
		}
		frames = some
	}
	rows := (len(frames) + columns - 1) / columns
	sheet := image.NewRGBA(image.Rect(0, 0, columns*(thumbW+gutter)+gutter, max(rows, 1)*(thumbH+gutter)+gutter))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.RGBA{0x22, 0x2a, 0x30, 255}), image.Point{}, draw.Src)
	for i, name := range frames {
		img, err := readPNG(name)
		if err != nil {
			return err
		}
		x, y := gutter+i%columns*(thumbW+gutter), gutter+i/columns*(thumbH+gutter)
		w, h := thumbW, thumbW*img.Bounds().Dy()/img.Bounds().Dx()
		if h > thumbH {
			w, h = thumbH*img.Bounds().Dx()/img.Bounds().Dy(), thumbH
		}
		xdraw.ApproxBiLinear.Scale(sheet, image.Rect(x, y, x+w, y+h), img, img.Bounds(), draw.Over, nil)
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, sheet), f.Close())
}

func readPNG(name string) (image.Image, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return png.Decode(f)
}

func containsAny(s string, parts ...string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
