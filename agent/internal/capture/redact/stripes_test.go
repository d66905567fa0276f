package redact

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"testing"
)

// TestStripesStandAlone: a pixel that changes, changes the bytes of its own stripe and the checksums, and nothing else of the file; what
// comes out is a PNG that anybody reads.
func TestStripesStandAlone(t *testing.T) {
	const w, h, at = 211, 10*32 + 7, 5
	rng := rand.New(rand.NewPCG(1, 1))
	pixels := make([]byte, w*h)
	for i := range pixels {
		if pixels[i] = 1; i >= w && rng.IntN(9) > 0 {
			pixels[i] = pixels[i-w]
		} else {
			pixels[i] = byte(1 + rng.IntN(12))
		}
	}
	colors := []uint32{0}
	for range 12 {
		colors = append(colors, rng.Uint32N(1<<24))
	}
	encode := func(pixels []byte) []byte {
		var f file
		b, err := f.write(pixels, w, h, colors, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		for i, n := range pixels {
			r, g, b, _ := img.At(i%w, i/w).RGBA()
			if c := r>>8<<16 | g>>8<<8 | b>>8; c != colors[n] {
				t.Fatalf("pixel %d,%d is %06x, not %06x", i%w, i/w, c, colors[n])
			}
		}
		return b
	}
	before := encode(pixels)
	i := (at*32+3)*w + 17
	pixels[i] = pixels[i]%12 + 1
	after := encode(pixels)
	const ends = 4 + 4 + 12               // Adler-32, the chunk's CRC, IEND
	const begins = 8 + 25 + 12 + 3*12 + 8 // signature, IHDR, PLTE, the head of IDAT
	a, b := before[begins:len(before)-ends], after[begins:len(after)-ends]
	first, last := 0, 0
	for ; first < min(len(a), len(b)) && a[first] == b[first]; first++ {
	}
	for ; last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last]; last++ {
	}
	if changed := len(b) - first - last; changed == 0 || changed > 2*len(b)/(h/32) || first < len(b)*(at-1)/(h/32) {
		t.Errorf("%d of %d bytes changed, from %d on", changed, len(b), first)
	}
}
