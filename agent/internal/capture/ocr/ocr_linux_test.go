package ocr

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// program is the real byleave-ocr.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ocr")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "byleave-ocr")
	build := exec.Command("go", "build", "-o", program, "github.com/byleave/byleave/agent/ocr")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build byleave-ocr: %v\n%s", err, out)
		os.Exit(1)
	}
	if err := os.Chmod(program, 0o755); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// line draws a text.
func line(t testing.TB, text string, size float64, ink, ground color.Color) *image.Gray {
	t.Helper()
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		t.Fatal(err)
	}
	d := font.Drawer{Src: image.NewUniform(ink), Face: face}
	img := image.NewGray(image.Rect(0, 0, d.MeasureString(text).Ceil()+12, int(2*size)))
	draw.Draw(img, img.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	d.Dst, d.Dot = img, fixed.P(6, int(1.4*size))
	d.DrawString(text)
	return img
}

// TestReadsAgain: lines that the engine is not sure of in the size in which it reads are read in another. In one size alone it is sure of none of these.
func TestReadsAgain(t *testing.T) {
	r := reader()
	defer r.Close()
	const ticket = "That ticket takes about ten minutes, which is a pity."
	sure := 0
	for _, l := range []struct {
		text string
		size float64
	}{{"Her answer was moved to the afternoon.", 10}, {"A second draft is on the shared drive.", 11}, {ticket, 12}, {ticket, 13}, {ticket, 14}} {
		text, s, err := r.Read(context.Background(), line(t, l.text, l.size, color.Black, color.White))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%q of %v pixels is read as %q, %.2f sure", l.text, l.size, text, s)
		if text == l.text && s >= .8 {
			sure++
		}
	}
	if sure < 3 {
		t.Errorf("it is sure of %d of 5 lines", sure)
	}
}

func TestReadsALine(t *testing.T) {
	r := reader()
	defer r.Close()
	for _, size := range []float64{10, 11, 12, 14, 18, 24, 40} {
		for name, c := range map[string][2]color.Color{"dark on white": {color.Black, color.White}, "white on dark": {color.White, color.Gray{40}}, "grey": {color.Gray{150}, color.Gray{240}}} {
			const want = "Open the file, I think"
			text, sure, err := r.Read(context.Background(), line(t, want, size, c[0], c[1]))
			if err != nil || text != want || sure < .7 {
				t.Errorf("%s, %.0f px: read %q, sure %.2f, %v", name, size, text, sure, err)
			}
		}
	}
}
