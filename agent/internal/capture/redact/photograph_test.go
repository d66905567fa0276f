package redact

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	xdraw "golang.org/x/image/draw"
)

// photograph is one of two people, of the image module's own tests. Their faces lie in it as faces says.
func photograph(t *testing.T) image.Image {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/image").Output()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(strings.TrimSpace(string(dir)), "testdata", "video-001.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// portrayed is where their faces are.
var portrayed = []image.Rectangle{image.Rect(14, 14, 42, 46), image.Rect(112, 10, 138, 44)}

// always reads the same, and is sure of it.
type always string

func (a always) Read(context.Context, *image.Gray) (string, float64, error) { return string(a), 1, nil }

// notMasked counts the pixels of a part that are not of its commonest colour.
func notMasked(img image.Image, part image.Rectangle) int {
	count, most := map[color.RGBA]int{}, 0
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)
			count[c]++
			most = max(most, count[c])
		}
	}
	return part.Dx()*part.Dy() - most
}

// TestPhotographsMasked: of the faces in a photograph nothing is left, as large or small and as coarsely saved as people see them, and of the rest
// only flat places; a reader that finds words in it shows none.
func TestPhotographsMasked(t *testing.T) {
	src := photograph(t)
	for zoom := 1; zoom <= 6; zoom++ {
		for _, quality := range []int{95, 75, 40} {
			size := src.Bounds().Size().Mul(zoom)
			big := image.NewRGBA(image.Rectangle{Max: size})
			xdraw.CatmullRom.Scale(big, big.Rect, src, src.Bounds(), draw.Src, nil)
			var file bytes.Buffer
			if err := jpeg.Encode(&file, big, &jpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			photo, err := jpeg.Decode(&file)
			if err != nil {
				t.Fatal(err)
			}
			at := image.Pt(45, 51)
			page := image.NewRGBA(image.Rectangle{Max: size.Add(at).Add(at)})
			draw.Draw(page, page.Rect, image.White, image.Point{}, draw.Src)
			draw.Draw(page, photo.Bounds().Add(at), photo, image.Point{}, draw.Src)
			b, seen, err := newRedactor(t).Picture(t.Context(), page, always("The weather is fine today"))
			if err != nil {
				t.Fatal(err)
			}
			out := decode(t, b)
			for _, f := range portrayed {
				if n := notMasked(out, image.Rectangle{Min: f.Min.Mul(zoom), Max: f.Max.Mul(zoom)}.Add(at)); n > 0 {
					t.Errorf("%d times as large, quality %d: %d pixels of a face are left", zoom, quality, n)
				}
			}
			if n := notMasked(out, photo.Bounds().Add(at).Inset(padX)); 20*n > size.X*size.Y || seen.Words > 0 {
				t.Errorf("%d times as large, quality %d: %d of %d pixels are left, %d words are shown", zoom, quality, n, size.X*size.Y, seen.Words)
			}
		}
	}
}
