package redact

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	xdraw "golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/math/fixed"
)

// tesseract reads lines with the program of that name.
type tesseract struct {
	t    testing.TB
	seen int
}

// Read enlarges a line to a height that the program is made for, and gives the least sure of its words.
func (r *tesseract) Read(ctx context.Context, line *image.Gray) (string, float64, error) {
	r.seen++
	k := max(1, 40/max(1, line.Rect.Dy()))
	big := image.NewGray(image.Rect(0, 0, k*line.Rect.Dx(), k*line.Rect.Dy()))
	xdraw.CatmullRom.Scale(big, big.Rect, line, line.Rect, draw.Src, nil)
	var in bytes.Buffer
	if err := png.Encode(&in, big); err != nil {
		return "", 0, err
	}
	cmd := exec.CommandContext(ctx, "tesseract", "-", "-", "--psm", "7", "tsv")
	cmd.Env = append(cmd.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.Stdin = &in
	out, err := cmd.Output()
	if err != nil {
		return "", 0, err
	}
	var words []string
	sure := 1.0
	for row := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(row, "\n"), "\t")
		if len(f) == 12 && f[0] == "5" && strings.TrimSpace(f[11]) != "" {
			conf, err := strconv.ParseFloat(f[10], 64)
			if err != nil {
				return "", 0, err
			}
			words, sure = append(words, f[11]), min(sure, conf/100)
		}
	}
	if len(words) == 0 {
		sure = 0
	}
	return strings.Join(words, " "), sure, nil
}

// read reads a picture of one line back.
func read(t testing.TB, img *image.RGBA) string {
	g := image.NewGray(img.Rect)
	draw.Draw(g, g.Rect, img, image.Point{}, draw.Src)
	text, _, err := (&tesseract{t: t}).Read(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// sheet draws lines of text.
func sheet(th theme, face font.Face, w int, lines ...string) *image.RGBA {
	step := face.Metrics().Height.Ceil() + 6
	img := image.NewRGBA(image.Rect(0, 0, w, step*(len(lines)+1)))
	draw.Draw(img, img.Rect, image.NewUniform(th.bg), image.Point{}, draw.Src)
	for i, text := range lines {
		write(img, th.fg, face, 13, step*(i+1), text)
	}
	return img
}

func write(img draw.Image, c color.Color, face font.Face, x, y int, text string) {
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

// TestPicture masks a page and shows its harmless lines again: every word of those is there, and of the others not one pixel.
func TestPicture(t *testing.T) {
	face := faces(t)["regular 14"]
	lines := []string{"File  Edit  View  Help", "Please read the report before the meeting on the first floor.",
		"Pay 4539 1488 0343 6467 to Xavier Quill now", "The weather is fine today and nobody knows why."}
	img := sheet(themes[0], face, 700, lines...)
	out, seen, err := newRedactor(t).Picture(t.Context(), img, &tesseract{t: t})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Seen{Lines: 4, Read: 4, Shown: 4, Words: 25}); seen != want {
		t.Errorf("seen %+v, want %+v", seen, want)
	}
	step := face.Metrics().Height.Ceil() + 6
	for i, text := range lines {
		part := crop(decode(t, out), image.Rect(0, step*i+6, 700, step*(i+1)+6))
		got, want := read(t, part), strings.Join(strings.Fields(text), " ")
		if i == 2 { // only the tokens stand there, and what tells nothing
			if strings.ContainsAny(got, "234567890") || strings.Contains(got, "Xav") || !strings.Contains(got, "CARD") || !strings.HasSuffix(got, " now") {
				t.Errorf("%q reads %q", text, got)
			}
			continue
		}
		if got != want {
			t.Errorf("%q reads %q", text, got)
		}
	}
	if out, seen, err = newRedactor(t).Picture(t.Context(), img, nil); err != nil || seen.Shown > 0 || strokes(decode(t, out), themes[0].bg) > 0 {
		t.Errorf("without a reader: %+v, %v", seen, err)
	}
}

// crop is a part of a picture.
func crop(img image.Image, r image.Rectangle) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, r.Dx(), r.Dy()))
	draw.Draw(out, out.Rect, img, r.Min, draw.Src)
	return out
}

// TestStrangersAreUnknown: words that are in no list are known for none of one, though the table holds only a part of each hash; those that
// are in one are.
func TestStrangersAreUnknown(t *testing.T) {
	r := rand.New(rand.NewPCG(28, 28))
	wrong := 0
	for range 50_000 {
		w := []byte{byte('A' + r.IntN(26))}
		for range 9 + r.IntN(5) {
			w = append(w, byte('a'+r.IntN(26)))
		}
		if v := judged(string(w), true); v != unknown && v != named {
			wrong++
		}
	}
	if wrong > 0 || judged("Seoyeon", true) == harmless {
		t.Errorf("%d of 50,000 words that nobody has are taken for English", wrong)
	}
	for w := range strings.FieldsSeq("weather kitchen is the report afternoon people waiting printer contract") {
		if judged(w, false) == unknown {
			t.Errorf("%s is not known", w)
		}
	}
	if n := (len(wordTable) - tableHead) / 4; len(wordChecks) != 2*n {
		t.Errorf("%d checks for %d words: make both anew", len(wordChecks)/2, n)
	}
}
