package canary

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/image/draw"
)

// enough pixels of a stripe's colour are no accident.
const enough = 12

// ocrLimit bounds one run of tesseract.
const ocrLimit = 2 * time.Minute

// Picture looks at a PNG: its colours for stripes, and all that tesseract reads in it. The same picture is read once.
func (s *Search) Picture(where string, data []byte) error {
	sum := sha256.Sum256(data)
	s.mu.Lock()
	known := s.seen[sum]
	s.seen[sum] = true
	s.mu.Unlock()
	if known {
		return nil
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("search %s: %w", where, err)
	}
	s.count(func(c *Counts) { c.Pictures++ })
	for _, c := range s.canaries {
		if len(c.Colours) > 0 && striped(img, c.Colours) {
			s.hit(Found{c.Name, where, "its colours"})
		}
	}
	text, err := Read(img)
	if err != nil {
		return fmt.Errorf("search %s: %w", where, err)
	}
	s.Text(where, text)
	return nil
}

// Text looks for canaries in what an OCR read, with the mistakes that it makes.
func (s *Search) Text(where, text string) {
	got := fold(text)
	for _, c := range s.canaries {
		if c.Text != "" && near(got, fold(c.Text)) {
			s.hit(Found{c.Name, where, "read in a picture"})
		}
	}
}

// striped tells whether at least three of the colours stand in the picture.
func striped(img image.Image, colours []color.RGBA) bool {
	counts := make([]int, len(colours))
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			p, ok := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			if !ok || p.A == 0 {
				continue
			}
			for i, c := range colours {
				if alike(p.R, c.R) && alike(p.G, c.G) && alike(p.B, c.B) {
					counts[i]++
				}
			}
		}
	}
	there := 0
	for _, n := range counts {
		if n >= enough {
			there++
		}
	}
	return there >= min(3, len(colours))
}

func alike(a, b uint8) bool { return max(a, b)-min(a, b) <= 6 }

// Read lets tesseract read a picture, doubled in size as its makers advise for screens.
func Read(img image.Image) (string, error) {
	b := img.Bounds()
	big := image.NewRGBA(image.Rect(0, 0, 2*b.Dx(), 2*b.Dy()))
	draw.Draw(big, big.Bounds(), image.White, image.Point{}, draw.Src) // absent pixels are white paper
	draw.BiLinear.Scale(big, big.Bounds(), img, b, draw.Over, nil)
	var in bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&in, big); err != nil {
		return "", fmt.Errorf("encode for OCR: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), ocrLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tesseract", "stdin", "stdout", "--psm", "11", "-c", "thresholding_method=1")
	cmd.Env = append(cmd.Environ(), "OMP_THREAD_LIMIT=1")
	cmd.Stdin = &in
	var words bytes.Buffer
	cmd.Stderr = &words
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("tesseract: %w: %s", err, strings.TrimSpace(words.String()))
	}
	return string(out), nil
}

// fold leaves letters and digits, small, with those that OCR confuses made one.
func fold(s string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(s) {
		switch {
		case r == 'l' || r == 'i' || r == '|' || r == '!':
			r = '1'
		case r == 'o':
			r = '0'
		case r == 's':
			r = '5'
		case r == 'z':
			r = '2'
		}
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// near tells whether want stands in text with at most one mistake in five characters (Sellers' algorithm).
func near(text, want string) bool {
	allowed := len(want) / 5
	col := make([]int, len(want)+1)
	for i := range col {
		col[i] = i
	}
	for i := range len(text) {
		diagonal := col[0] // a match may begin anywhere, so row 0 stays 0
		for j := 1; j <= len(want); j++ {
			cost := 1
			if text[i] == want[j-1] {
				cost = 0
			}
			next := min(diagonal+cost, col[j]+1, col[j-1]+1)
			diagonal, col[j] = col[j], next
		}
		if col[len(want)] <= allowed {
			return true
		}
	}
	return false
}
