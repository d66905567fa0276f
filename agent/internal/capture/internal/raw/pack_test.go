package raw

import (
	"bytes"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"
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

// tiled is a packed picture and its tiles.
func tiled(p *Packer, pix []byte, stride int, gone func()) (*Shot, []*Tile) {
	s := &Shot{Stride: stride, Canvas: Rect{W: stride / 4, H: len(pix) / stride}, Said: &Said{}}
	var tiles []*Tile
	for top := 0; top < s.Canvas.H; top += TileRows {
		for left := 0; left < stride; left += 4 * TileCols {
			var tile []byte
			row := min(4*TileCols, stride-left)
			for y := top; y < min(top+TileRows, s.Canvas.H); y++ {
				tile = append(tile, pix[y*stride+left:][:row]...)
			}
			tiles = append(tiles, p.Pack(tile, row))
		}
	}
	s.Show(tiles, gone)
	return s, tiles
}

// TestPackedPicturesAreWhole: what is packed and unpacked is what it was, in whatever order shots of the same pixels are shared and wiped, and of
// pixels that all have given up nothing is left anywhere.
func TestPackedPicturesAreWhole(t *testing.T) {
	var p Packer
	for _, rows := range []int{1, 33, 34, 1080} {
		want := screen(rows)
		gone := 0
		first, tiles := tiled(&p, want, 4*1920, func() { gone++ })
		if first.Pix != nil || first.Empty() || first.Len() != len(want) {
			t.Fatal("it is not packed")
		}
		var data [][]byte
		for _, b := range tiles {
			data = append(data, b.data)
			b.Wipe() // the picture has it
		}
		second, third := first.Share(), first.Share()
		seed := maphash.MakeSeed()
		if !slices.Equal(first.Sums(nil, seed), second.Sums(nil, seed)) || len(first.Sums(nil, seed)) != (rows+TileRows-1)/TileRows {
			t.Error("the same pixels have two sums")
		}
		first.Wipe()
		for i, s := range []*Shot{second, third} {
			if gone != 0 || !s.Unpack() || !bytes.Equal(s.Pix, want) {
				t.Fatalf("%d rows: unpacked pixels are others", rows)
			}
			s.Wipe()
			if !s.Empty() || s.Unpack() {
				t.Errorf("wiped picture %d is not empty", i)
			}
			first.Wipe()
		}
		if gone != 1 {
			t.Errorf("told %d times that all is gone", gone)
		}
		for _, b := range append(data, p.runs[:cap(p.runs)], p.block) {
			if !bytes.Equal(b, make([]byte, len(b))) {
				t.Fatal("packed pixels outlive all shots of them")
			}
		}
	}
}

// TestPicturesShareTiles: of two pictures that have tiles in common each goes by itself; what the other still shows stays, and nothing else.
func TestPicturesShareTiles(t *testing.T) {
	var p Packer
	want := screen(100)
	first, tiles := tiled(&p, want, 4*1920, func() {})
	other := bytes.Clone(want)
	other[len(other)-1] ^= 1
	_, others := tiled(&p, other, 4*1920, func() {})
	end := len(tiles) - 1
	second := &Shot{Stride: first.Stride, Canvas: first.Canvas}
	second.Show(append(slices.Clone(tiles[:end]), others[end]), func() {})
	data, last := tiles[end].data, others[end]
	for _, b := range append(tiles, last) {
		b.Wipe()
	}
	first.Wipe()
	if !bytes.Equal(data, make([]byte, len(data))) || tiles[end].data != nil {
		t.Error("a tile outlives the only picture that showed it")
	}
	if tiles[0].data == nil || !second.Unpack() || !bytes.Equal(second.Pix, other) {
		t.Error("a picture lost what another showed, too")
	}
	second.Wipe()
	if tiles[0].data != nil {
		t.Error("tiles outlive all pictures")
	}
}

// TestBandsAreThePicture: a picture looked at a band at a time, in any order, is the picture, packed or not; bands have the same sums if they are the
// same, and the room in which they were is empty afterwards.
func TestBandsAreThePicture(t *testing.T) {
	var p Packer
	var room Room
	rng := rand.New(rand.NewPCG(3, 4))
	seed := maphash.MakeSeed()
	for _, rows := range []int{1, 32, 33, 100} {
		want := screen(rows)
		whole := &Shot{Pix: want, Stride: 4 * 1920, Canvas: Rect{W: 1920, H: rows}}
		shot, _ := tiled(&p, want, 4*1920, func() {})
		other := bytes.Clone(want)
		other[len(other)-2] ^= 1
		changed, _ := tiled(&p, other, 4*1920, func() {})
		for range 10 {
			n := rng.IntN(shot.Bands())
			if got, want := shot.Band(n, &room), whole.Band(n, nil); !bytes.Equal(got, want) || len(want) == 0 {
				t.Fatalf("band %d of %d rows is another", n, rows)
			}
		}
		for _, pair := range [][2]*Shot{{shot, changed}, {whole, {Pix: other, Stride: whole.Stride, Canvas: whole.Canvas}}} {
			a, b := pair[0].Sums(nil, seed), pair[1].Sums(nil, seed)
			if last := len(a) - 1; !slices.Equal(a[:last], b[:last]) || a[last] == b[last] {
				t.Errorf("%d rows: the sums %v and %v", rows, a, b)
			}
		}
		room.Wipe()
		for _, b := range [][]byte{room.pix[:cap(room.pix)], room.runs[:cap(room.runs)]} {
			if !bytes.Equal(b, make([]byte, len(b))) {
				t.Error("pixels are left in a room that was wiped")
			}
		}
	}
	damaged, tiles := tiled(&p, screen(40), 4*1920, func() {})
	last := tiles[len(tiles)-1]
	last.data = last.data[:len(last.data)-1]
	if damaged.Band(1, &room) != nil || damaged.Band(0, &room) == nil {
		t.Error("a damaged band is taken for one")
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
		stride := 4 * w
		if i%50 == 0 {
			stride = rng.IntN(9)
		}
		b := p.Pack(pix, stride) // of any size: no tile of a picture has it
		got := make([]byte, len(pix))
		if !b.unpack(got, make([]byte, 0, b.room()), max(stride, 1)) || !bytes.Equal(got, pix) {
			t.Fatalf("seed %d: %d x %d pixels come back as others", seed, w, h)
		}
		if !b.plain && len(b.data) > s2.MaxEncodedLen(roomFor(b.size, stride)) || cap(p.runs) > 4<<20 {
			t.Fatalf("seed %d: a tile took %d bytes for %d", seed, len(b.data), b.size)
		}
		if stride != 4*w || len(pix) != 4*w*h {
			continue
		}
		s, _ := tiled(&p, pix, stride, func() {})
		if s.Pix != nil || !s.Unpack() || !bytes.Equal(s.Pix, pix) {
			t.Fatalf("seed %d: a picture of %d x %d comes back as another", seed, w, h)
		}
		s.Wipe()
	}
}
