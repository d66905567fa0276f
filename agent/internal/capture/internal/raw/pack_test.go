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

// TestPackedPicturesAreWhole: what is packed and unpacked is what it was, in whatever order shots of the same pixels are shared, packed and
// wiped; and of pixels that all have given up nothing is left anywhere.
func TestPackedPicturesAreWhole(t *testing.T) {
	var p Packer
	for _, rows := range []int{1, 33, 34, 1080} {
		want := screen(rows)
		pix := bytes.Clone(want)
		first := &Shot{Pix: pix, Stride: 4 * 1920, Said: &Said{}}
		second := first.Share() // a slot keeps one
		freed := false
		first.memory.free = func() { freed = true; clear(pix) }
		third := first.Share()
		p.Pack(first)
		p.Pack(first)
		p.Pack(third)
		if first.packed != third.packed || first.Pix != nil || first.Said == nil || first.Empty() || first.Len() != len(want) {
			t.Fatal("two packed shots of the same pixels do not share them")
		}
		fourth := third.Share()
		k := first.packed
		if k.shots != 3 || freed {
			t.Fatalf("%d packed shots; given back: %v", k.shots, freed)
		}
		second.Wipe()
		if !freed {
			t.Error("the display's memory is not given back once all others are packed")
		}
		seed := maphash.MakeSeed()
		if first.Sum(seed, 1) != fourth.Sum(seed, 1) {
			t.Error("the same pixels have two sums")
		}
		first.Wipe()
		for _, s := range []*Shot{third, fourth} {
			if !s.Unpack() || !bytes.Equal(s.Pix, want) {
				t.Fatalf("%d rows: unpacked pixels are others", rows)
			}
			blocks := k.blocks
			s.Wipe()
			if !s.Empty() || s.Unpack() {
				t.Error("a wiped picture is not empty")
			}
			if s == fourth && blocks != nil {
				t.Error("packed pixels outlive all shots of them")
			}
		}
	}
	for _, b := range p.block {
		if b != 0 {
			t.Fatal("the packer keeps what it packed")
		}
	}
}

// TestWipedPacksAreOverwritten: the last shot that is wiped overwrites what was packed; a shot that comes later packs anew.
func TestWipedPacksAreOverwritten(t *testing.T) {
	var p Packer
	slot := &Shot{Pix: screen(40), Stride: 4 * 1920}
	a := slot.Share()
	p.Pack(a)
	blocks := a.packed.blocks
	a.Wipe()
	for _, b := range blocks {
		if !bytes.Equal(b, make([]byte, len(b))) {
			t.Fatal("packed pixels are still there")
		}
	}
	b := slot.Share()
	p.Pack(b)
	if !b.Unpack() || !bytes.Equal(b.Pix, screen(40)) {
		t.Fatal("a slot that was packed, wiped and packed again shows something else")
	}
	b.Wipe()
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
		p.Pack(s)
		if s.Pix != nil || !s.Unpack() || !bytes.Equal(s.Pix, pix) {
			t.Fatalf("seed %d: %d x %d pixels come back as others", seed, w, h)
		}
		s.Wipe()
	}
}
