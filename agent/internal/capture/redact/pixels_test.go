package redact

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os/exec"
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// theme is how text looks.
type theme struct {
	name   string
	fg, bg color.RGBA
}

var themes = []theme{
	{"black on white", color.RGBA{0, 0, 0, 255}, color.RGBA{255, 255, 255, 255}},
	{"grey on white", color.RGBA{0x99, 0x99, 0x99, 255}, color.RGBA{255, 255, 255, 255}},
	{"dark", color.RGBA{0xd4, 0xd4, 0xd4, 255}, color.RGBA{0x1e, 0x1e, 0x1e, 255}},
	{"white on green", color.RGBA{255, 255, 255, 255}, color.RGBA{0x2e, 0x8b, 0x57, 255}},
	{"red on blue", color.RGBA{200, 30, 30, 255}, color.RGBA{30, 30, 200, 255}},
	{"contrast 20", color.RGBA{235, 235, 235, 255}, color.RGBA{255, 255, 255, 255}},
	{"contrast 10", color.RGBA{40, 40, 40, 255}, color.RGBA{30, 30, 30, 255}},
	{"contrast 4", color.RGBA{251, 251, 251, 255}, color.RGBA{255, 255, 255, 255}},
	{"contrast 1, dark", color.RGBA{31, 30, 30, 255}, color.RGBA{30, 30, 30, 255}},
	{"one channel", color.RGBA{100, 100, 112, 255}, color.RGBA{100, 100, 100, 255}},
}

func faces(t testing.TB) map[string]font.Face {
	t.Helper()
	m := map[string]font.Face{"basic 13": basicfont.Face7x13}
	for name, ttf := range map[string][]byte{"mono": gomono.TTF, "regular": goregular.TTF} {
		f, err := opentype.Parse(ttf)
		if err != nil {
			t.Fatal(err)
		}
		for _, px := range []float64{10, 12, 14, 18, 24, 32, 40} {
			face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: px, DPI: 72, Hinting: font.HintingFull})
			if err != nil {
				t.Fatal(err)
			}
			m[fmt.Sprintf("%s %g", name, px)] = face
		}
	}
	return m
}

const shown = "Pay 4539 1488 0343 6467 to Xavier Quill, i.e. now: l1I|!;"

// page draws the same line three times, on a ground of its own.
func page(th theme, face font.Face, w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Rect, image.NewUniform(th.bg), image.Point{}, draw.Src)
	line := face.Metrics().Height.Ceil() + 9
	for i := range 3 {
		d := font.Drawer{Dst: img, Src: image.NewUniform(th.fg), Face: face, Dot: fixed.P(13+5*i, 31+line*(i+1))}
		d.DrawString(shown)
	}
	return img
}

func shotOf(img *image.RGBA) *raw.Shot {
	s := &raw.Shot{Stride: img.Stride, Pix: make([]byte, len(img.Pix)), Canvas: raw.Rect{W: img.Rect.Dx(), H: img.Rect.Dy()}}
	for i := 0; i < len(img.Pix); i += 4 {
		s.Pix[i], s.Pix[i+1], s.Pix[i+2], s.Pix[i+3] = img.Pix[i+2], img.Pix[i+1], img.Pix[i], img.Pix[i+3]
	}
	return s
}

func decode(t testing.TB, b []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// strokes counts the pixels that differ from the ground.
func strokes(img image.Image, bg color.RGBA) int {
	n := 0
	if p, ok := img.(*image.Paletted); ok {
		var text [256]bool
		for i, c := range p.Palette {
			text[i] = visible(color.RGBAModel.Convert(c).(color.RGBA), bg)
		}
		for _, i := range p.Pix {
			if text[i] {
				n++
			}
		}
		return n
	}
	pix := img.(*image.RGBA).Pix
	for i := 0; i < len(pix); i += 4 {
		if visible(color.RGBA{pix[i], pix[i+1], pix[i+2], pix[i+3]}, bg) {
			n++
		}
	}
	return n
}

func visible(c, bg color.RGBA) bool {
	return c != bg
}

// TestTextMasked draws text in all sizes and colours: nothing but the ground may be left.
func TestTextMasked(t *testing.T) {
	var m masker
	for name, face := range faces(t) {
		for _, th := range themes {
			img := page(th, face, 803, 251)
			if strokes(img, th.bg) < 100 {
				t.Fatalf("%s, %s: the test draws nothing", name, th.name)
			}
			f := m.picture(shotOf(img), nil, nil)
			if f == nil {
				t.Fatalf("%s, %s: no picture", name, th.name)
			}
			left := 0
			if distance(rgbOf(th.fg), rgbOf(th.bg)) == 1 {
				left = 16 // the middle of a stem of a large letter
			}
			if n := strokes(decode(t, f.Image), th.bg); n > left {
				t.Errorf("%s, %s: %d pixels of text are left", name, th.name, n)
			}
		}
	}
}

func rgbOf(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }

// TestFlatKept sees to it that what is no text stays: large flat pieces, and the pixels that are absent.
func TestFlatKept(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 400, 300))
	blue, white := color.RGBA{20, 60, 160, 255}, color.RGBA{250, 250, 250, 255}
	draw.Draw(img, img.Rect, image.NewUniform(white), image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(100, 100, 300, 200), image.NewUniform(blue), image.Point{}, draw.Src)
	s := shotOf(img)
	for y := range 50 {
		for x := range 60 {
			copy(s.Pix[y*s.Stride+4*x:], []byte{9, byte(x), 7, 0}) // absent, with something left in memory
		}
	}
	var m masker
	out := decode(t, m.picture(s, nil, nil).Image)
	if c := color.RGBAModel.Convert(out.At(200, 150)); c != blue {
		t.Errorf("the panel became %v", c)
	}
	if c := color.RGBAModel.Convert(out.At(350, 280)); c != white {
		t.Errorf("the ground became %v", c)
	}
	for y := range 50 {
		for x := range 60 {
			if c := color.NRGBAModel.Convert(out.At(x, y)).(color.NRGBA); c != (color.NRGBA{}) {
				t.Fatalf("absent pixel %d,%d became %v", x, y, c)
			}
		}
	}
}

// TestPictureDetermined: the same pixels give the same bytes, whatever was masked before.
func TestPictureDetermined(t *testing.T) {
	var a, b masker
	face := faces(t)["regular 14"]
	img := page(themes[3], face, 640, 200)
	a.picture(shotOf(page(themes[2], face, 1920, 1080)), nil, nil)
	if x, y := a.picture(shotOf(img), nil, nil), b.picture(shotOf(img), nil, nil); !bytes.Equal(x.Sha256, y.Sha256) || !bytes.Equal(x.Image, y.Image) {
		t.Error("two maskers make two pictures")
	}
}

// TestPictureRefused holds shots that are not what they say.
func TestPictureRefused(t *testing.T) {
	var m masker
	for _, s := range []raw.Shot{
		{}, {Canvas: raw.Rect{W: 10, H: 10}}, {Canvas: raw.Rect{W: 10, H: 10}, Stride: 40, Pix: make([]byte, 399)},
		{Canvas: raw.Rect{W: 10, H: 10}, Stride: 39, Pix: make([]byte, 400)}, {Canvas: raw.Rect{W: -1, H: 10}, Stride: 40, Pix: make([]byte, 400)},
		{Canvas: raw.Rect{W: 1 << 40, H: 1 << 40}, Stride: 40, Pix: make([]byte, 400)},
	} {
		if m.picture(&s, nil, nil) != nil {
			t.Errorf("a picture was made of %v with %d bytes", s.Canvas, len(s.Pix))
		}
	}
}

// TestManyColours: a picture with more colours than a palette holds is told with fewer, not refused.
func TestManyColours(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 1024, 512))
	for y := range 512 {
		for x := range 1024 {
			img.SetRGBA(x, y, color.RGBA{byte(x / 64 * 16), byte(y / 64 * 32), 40, 255})
		}
	}
	var m masker
	out := decode(t, m.picture(shotOf(img), nil, nil).Image).(*image.Paletted)
	if len(out.Palette) < 16 || len(out.Palette) > 256 {
		t.Errorf("%d colours", len(out.Palette))
	}
}

// TestTesseract reads masked pictures with another program. It must read the same page before masking, else it proves nothing.
func TestTesseract(t *testing.T) {
	tesseract, err := exec.LookPath("tesseract")
	if err != nil {
		t.Fatal("tesseract is needed: apt-get install tesseract-ocr")
	}
	read := func(b []byte) string {
		cmd := exec.Command(tesseract, "-", "-", "--psm", "6")
		cmd.Env = append(cmd.Environ(), "OMP_THREAD_LIMIT=1")
		cmd.Stdin = bytes.NewReader(b)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	var m masker
	for _, th := range themes[:4] {
		img := page(th, faces(t)["regular 24"], 1000, 250)
		var plain bytes.Buffer
		if err := png.Encode(&plain, img); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(read(plain.Bytes()), "Xavier") {
			t.Errorf("%s: the reader does not read the page that is not masked", th.name)
		}
		if got := strings.TrimSpace(read(m.picture(shotOf(img), nil, nil).Image)); got != "" {
			t.Errorf("%s: it still reads %q", th.name, got)
		}
	}
}

// desktop is a page of 1080p with several panels, close to a real one.
func desktop(t testing.TB) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 1920, 1080))
	fs := faces(t)
	for i, th := range themes[:5] {
		panel := page(th, fs[[]string{"regular 14", "regular 12", "mono 14", "regular 18", "mono 12"}[i]], 1920, 216)
		draw.Draw(img, image.Rect(0, i*216, 1920, (i+1)*216), panel, image.Point{}, draw.Src)
	}
	return img
}

func BenchmarkPicture(b *testing.B) {
	shot := shotOf(desktop(b))
	var m masker
	b.Run("mask", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.find(shot)
		}
	})
	b.Run("mask+png", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.recent.forget()
			b.ReportMetric(float64(len(m.picture(shot, nil, nil).Image)), "png-bytes")
		}
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.picture(shot, nil, nil)
		}
	})
}

func BenchmarkText(b *testing.B) {
	e := newRedactor(b).engine
	clean := []byte(strings.Repeat("Dear Anna, the report is late again and we shall meet at noon in the office. ", 50))
	mixed := []byte(strings.Repeat("Dear Anna, the report is late again; call +49 30 901820 or write to jane@example.com. ", 50))
	for name, text := range map[string][]byte{"clean": clean, "mixed": mixed} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				e.scan(text)
			}
		})
	}
}
