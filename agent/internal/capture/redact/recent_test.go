package redact

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// packedShot is the same picture in tiles, as the display's slots are given.
func packedShot(p *raw.Packer, s *raw.Shot) *raw.Shot { return packedBut(p, s, -1) }

// packedBut is packedShot, but for one tile that is lost.
func packedBut(p *raw.Packer, s *raw.Shot, lost int) *raw.Shot {
	out := &raw.Shot{Stride: s.Stride, Canvas: s.Canvas}
	var tiles []*raw.Tile
	for top := 0; top < s.Canvas.H; top += raw.TileRows {
		for left := 0; left < s.Stride; left += 4 * raw.TileCols {
			var tile []byte
			row := min(4*raw.TileCols, s.Stride-left)
			for y := top; y < min(top+raw.TileRows, s.Canvas.H); y++ {
				tile = append(tile, s.Pix[y*s.Stride+left:][:row]...)
			}
			tiles = append(tiles, p.Pack(tile, row))
		}
	}
	out.Show(tiles, func() {})
	for i, b := range tiles {
		b.Wipe() // the picture has it
		if i == lost {
			b.Wipe()
		}
	}
	return out
}

// change is what a window does to its picture between two looks at it.
func change(r *rand.Rand, s *raw.Shot) {
	color := func() uint32 { return uint32(r.IntN(5))*0x40807f | uint32(r.IntN(4))<<31 }
	switch kind := r.IntN(8); {
	case kind == 0: // a piece of another colour, or of none
		c, x, y, w := color(), r.IntN(s.Canvas.W), r.IntN(s.Canvas.H), 1+r.IntN(40)
		for y := y; y < min(y+20, s.Canvas.H); y++ {
			for x := x; x < min(x+w, s.Canvas.W); x++ {
				le.PutUint32(s.Pix[y*s.Stride+4*x:], c)
			}
		}
	case kind == 1: // more colours than a palette holds
		top := r.IntN(s.Canvas.H)
		for i := range min(600, s.Canvas.W*(s.Canvas.H-top)) {
			at := i%s.Canvas.W*4 + (top+i/s.Canvas.W)*s.Stride
			le.PutUint32(s.Pix[at:], 0xff000000|uint32(i/2)*0x0103)
		}
	case kind < 5 && s.Canvas.H > stripe: // a pixel beside the edge between two stripes
		y := min(stripe*(1+r.IntN(s.Canvas.H/stripe))+r.IntN(4)-2, s.Canvas.H-1)
		le.PutUint32(s.Pix[y*s.Stride+4*r.IntN(s.Canvas.W):], 0xff000000|uint32(r.IntN(1<<24)))
	default: // a few pixels, mostly none
		for range r.IntN(4) {
			le.PutUint32(s.Pix[r.IntN(len(s.Pix)/4)*4:], color())
		}
	}
}

// TestWhatIsNewIsMaskedLikeAll changes a picture bit by bit, and shows now and then what it showed before. Masked with what is known of the last one, it
// is byte for byte what a masker makes of it that knows nothing, packed or not, and whatever became of the one before.
func TestWhatIsNewIsMaskedLikeAll(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var knows masker
	var p raw.Packer
	seen, kept := 0, 0
	for i := range 60 {
		s := noise(r, 1+r.IntN(300+i%4*200), 1+r.IntN(300), 1+r.IntN(60))
		before := bytes.Clone(s.Pix)
		for step := range 12 {
			var fresh masker
			shot := s
			if r.IntN(4) > 0 {
				shot = packedShot(&p, s)
			}
			got, want := knows.picture(shot, nil, nil), fresh.picture(s, nil, nil)
			if !bytes.Equal(got.Image, want.Image) {
				t.Fatalf("step %d of a picture of %dx%d: what is known of the last one shows", step, s.Canvas.W, s.Canvas.H)
			}
			for _, same := range knows.same {
				if seen++; same {
					kept++
				}
			}
			switch r.IntN(8) {
			case 0: // a picture that is less than it says
				less := packedShot(&p, s)
				less.Canvas.H += 40
				if knows.picture(less, nil, nil) != nil {
					t.Fatal("a picture was made of what is not there")
				}
			case 1: // one of which nothing is kept
				other := noise(r, s.Canvas.W, s.Canvas.H, 9)
				knows.find(other)
				if _, err := knows.encode(other, nil); err != nil {
					t.Fatal(err)
				}
			}
			if r.IntN(4) == 0 {
				s.Pix, before = bytes.Clone(before), s.Pix
			} else {
				s.Pix, before = bytes.Clone(s.Pix), s.Pix
				change(r, s)
			}
			if r.IntN(4) == 0 { // the next one, of which a tile is lost
				tiles := (s.Canvas.W + raw.TileCols - 1) / raw.TileCols * s.Bands()
				knows.picture(packedBut(&p, s, tiles-1), nil, nil)
			}
		}
	}
	if kept < seen/8 || kept > seen*9/10 {
		t.Errorf("%d of %d stripes were taken over: nothing was tried", kept, seen)
	}
}

// TestMaskReachesTheNextStripe: a pixel of text in the last row of a stripe hides what is below it in the next, too, of which nothing has changed.
func TestMaskReachesTheNextStripe(t *testing.T) {
	s := flat(200, 800, func(x, _ int) uint32 { return uint32(x/100) * 81 }) // an edge from top to bottom, hidden by one colour whatever joins it
	m := maskedAlike(t, s, func() { le.PutUint32(s.Pix[31*s.Stride+4*90:], 0xff000030) })
	if !slices.Contains(m.same, true) {
		t.Error("nothing was taken over: nothing was tried")
	}
}

// TestColoursComeBack: after a picture with too many colours, of which all lost their lowest bit, a stripe that was in it has its own colours again.
func TestColoursComeBack(t *testing.T) {
	s := flat(200, 400, func(_, y int) uint32 { return 0x010101 + uint32(max(0, y-31))/256<<8 + uint32(min(max(0, y-31), 254)) })
	maskedAlike(t, s, func() { copy(s.Pix[stripe*s.Stride:], bytes.Repeat([]byte{1, 1, 1, 255}, 200*(400-stripe))) })
}

// flat is a picture of large pieces.
func flat(w, h int, colour func(x, y int) uint32) *raw.Shot {
	s := &raw.Shot{Stride: 4 * w, Pix: make([]byte, 4*w*h), Canvas: raw.Rect{W: w, H: h}}
	for i := range w * h {
		le.PutUint32(s.Pix[4*i:], 0xff000000|colour(i%w, i/w))
	}
	return s
}

// maskedAlike masks a picture before and after a change, by a masker that knows the one before and by one that does not.
func maskedAlike(t *testing.T, s *raw.Shot, change func()) *masker {
	t.Helper()
	knows, fresh := new(masker), new(masker)
	before := knows.picture(s, nil, nil)
	change()
	got, want := knows.picture(s, nil, nil), fresh.picture(s, nil, nil)
	if !bytes.Equal(got.Image, want.Image) || bytes.Equal(got.Image, before.Image) {
		t.Error("what is known of the last picture shows")
	}
	return knows
}

// TestNothingIsKnownAfterwards: what is kept of a picture goes with the focus, and its pixels with the picture.
func TestNothingIsKnownAfterwards(t *testing.T) {
	var m masker
	var p raw.Packer
	m.picture(packedShot(&p, noise(rand.New(rand.NewPCG(1, 2)), 100, 100, 9)), nil, nil)
	mids := m.recent.was.mids
	if len(m.recent.was.drawn) == 0 || len(mids) == 0 || len(m.file.packed) == 0 {
		t.Fatal("nothing was kept")
	}
	for _, name := range []string{"pix", "runs"} {
		if b := reflect.ValueOf(m.rooms[0]).FieldByName(name).Bytes(); len(b) == 0 || !bytes.Equal(b, make([]byte, len(b))) {
			t.Errorf("%d bytes of %s, in which a picture is left", len(b), name)
		}
	}
	m.forget()
	if m.recent.was.drawn != nil || m.recent.was.mids != nil || m.recent.was.sums != nil || m.file.packed != nil {
		t.Error("something of the picture is still known")
	}
	for _, p := range mids {
		if p != 0 {
			t.Fatal("pixels of the picture are left in memory")
		}
	}
}
