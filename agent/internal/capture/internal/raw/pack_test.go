package raw

import (
	"bytes"
	"hash/maphash"
	"math/rand/v2"
	"testing"
)

// screen is a picture of lines of something like text, of so many rows.
func screen(rows int) []byte {
	const w = 1920
	pix := bytes.Repeat([]byte{0xf0, 0xf0, 0xf0, 0xff}, w*rows)
	rng := rand.New(rand.NewPCG(1, 2))
	for y := range rows {
		if y%20 < 12 {
			for x := 100; x < 900; x++ {
				if v := rng.IntN(6); v < 2 {
					p := pix[(y*w+x)*4:]
					p[0], p[1], p[2] = byte(v*90), byte(v*80), byte(v*70)
				}
			}
		}
	}
	return pix
}

// TestPackedPicturesAreWhole: what is packed and unpacked is what it was, in whatever order shots of the same pixels are shared and wiped; the
// memory that they had goes at once, and of pixels that all have given up nothing is left anywhere.
func TestPackedPicturesAreWhole(t *testing.T) {
	var p Packer
	for _, rows := range []int{1, 33, 34, 1080} {
		want := screen(rows)
		pix := bytes.Clone(want)
		freed, gone := 0, 0
		first := &Shot{Pix: pix, Stride: 4 * 1920, Said: &Said{}}
		first.Lend(func() { freed++; clear(pix) })
		p.Pack(first, func() { gone++ })
		p.Pack(first, func() { gone += 10 })
		if freed != 1 || gone != 10 || first.Pix != nil || first.Said == nil || first.Empty() || first.Len() != len(want) {
			t.Fatalf("the memory was given back %d times; %d", freed, gone)
		}
		second, third := first.Share(), first.Share()
		seed := maphash.MakeSeed()
		if first.Sum(seed, 1) != second.Sum(seed, 1) {
			t.Error("the same pixels have two sums")
		}
		blocks := first.packed.blocks
		first.Wipe()
		for i, s := range []*Shot{second, third} {
			if gone != 10 || !s.Unpack() || !bytes.Equal(s.Pix, want) {
				t.Fatalf("%d rows: unpacked pixels are others", rows)
			}
			s.Wipe()
			if !s.Empty() || s.Unpack() {
				t.Errorf("wiped picture %d is not empty", i)
			}
			first.Wipe()
		}
		if gone != 11 {
			t.Errorf("told %d times that all is gone", gone-10)
		}
		for _, b := range append(blocks, p.runs[:cap(p.runs)], p.block) {
			if !bytes.Equal(b, make([]byte, len(b))) {
				t.Fatal("packed pixels outlive all shots of them")
			}
		}
	}
}

// TestAnyPixelsArePacked: whatever the pixels, and whatever the shape.
func TestAnyPixelsArePacked(t *testing.T) {
	var p Packer
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range 600 {
		w, h := 1+rng.IntN(200), 1+rng.IntN(60)
		if i%100 == 0 {
			w = 1 + rng.IntN(20_000)
		}
		pix := make([]byte, 4*w*h+rng.IntN(2)*rng.IntN(4))
		for at := 0; at < len(pix); { // stretches of noise, of one colour and of what stood a row before
			n := min(1+rng.IntN(3*w), len(pix)-at)
			v := byte(rng.Uint32())
			switch kind := rng.IntN(3); {
			case kind == 0:
				for j := range n {
					pix[at+j] = byte(rng.Uint32())
				}
			case kind == 1 && at >= 4*w:
				copy(pix[at:at+n], pix[at-4*w:])
			default:
				for j := range n {
					pix[at+j] = v
				}
			}
			at += n
		}
		s := &Shot{Pix: bytes.Clone(pix), Stride: 4 * w}
		if i%50 == 0 {
			s.Stride = rng.IntN(9)
		}
		p.Pack(s, func() {})
		if s.Pix != nil || !s.Unpack() || !bytes.Equal(s.Pix, pix) {
			t.Fatalf("seed %d: %d x %d pixels come back as others", seed, w, h)
		}
		s.Wipe()
	}
}
