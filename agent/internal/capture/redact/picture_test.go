package redact

import (
	"bytes"
	"image/color"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// noise is a picture of flat pieces, gradients, single pixels and absent places.
func noise(r *rand.Rand, w, h, colors int) *raw.Shot {
	s := &raw.Shot{Stride: 4 * w, Pix: make([]byte, 4*w*h), Canvas: raw.Rect{W: w, H: h}}
	set := func(x, y int, c uint32) { le.PutUint32(s.Pix[y*s.Stride+4*x:], c) }
	for i := range w * h {
		set(i%w, i/w, 0xfff0f0f0)
	}
	for range 12 {
		c := 0xff000000 | uint32(r.IntN(colors))*0x010307&0xffffff
		if r.IntN(4) == 0 {
			c &= 0xffffff // absent, with something left in memory
		}
		x0, y0, step := r.IntN(w), r.IntN(h), uint32(r.IntN(2))
		for y := y0; y < min(h, y0+1+r.IntN(30)); y++ {
			for x := x0; x < min(w, x0+1+r.IntN(60)); x++ {
				set(x, y, c+step*uint32(x%5))
			}
		}
	}
	return s
}

// slowly is the mask by its definition, one pixel at a time, in place.
func slowly(m *masker, s *raw.Shot) {
	m.size(s)
	at := func(x, y int) []byte { return s.Pix[y*s.Stride+4*x:][:4] }
	for y := range s.Canvas.H {
		for x := range s.Canvas.W {
			p, q, b := at(x, y), at(min(x+1, s.Canvas.W-1), y), at(x, min(y+1, s.Canvas.H-1))
			c := &m.active[y/cellSize*m.w+x/cellSize]
			switch {
			case p[3] == 0:
			case differs(p, 0, q, 0) || differs(p, 0, b, 0):
				*c |= isActive
			default:
				if !bytes.Equal(p, q) && q[3] != 0 {
					*c |= isBeside
				}
				if !bytes.Equal(p, b) && b[3] != 0 {
					*c |= isBelow
				}
			}
		}
	}
	m.faint()
	m.closeGaps()
	m.fillHoles()
	m.recent.now.mids = sized(m.recent.now.mids, len(m.active))
	for i := range m.active {
		x, y := i%m.w*cellSize+cellSize/2, i/m.w*cellSize+cellSize/2
		m.recent.now.mids[i] = le.Uint32(at(min(x, s.Canvas.W-1), min(y, s.Canvas.H-1)))
	}
	m.surround()
	for i, on := range m.active {
		if on == 0 {
			continue
		}
		c := m.boxes[m.label[i]].colour()
		cx, cy := i%m.w*cellSize, i/m.w*cellSize
		for y := max(0, cy-padY); y < min(s.Canvas.H, cy+cellSize+padY); y++ {
			for x := max(0, cx-padX); x < min(s.Canvas.W, cx+cellSize+padX); x++ {
				if p := at(x, y); p[3] != 0 {
					p[0], p[1], p[2] = byte(c), byte(c>>8), byte(c>>16)
				}
			}
		}
	}
}

// TestMaskIsItsDefinition compares the fast mask with the slow one, pixel by pixel, and sees that the shot itself stays as it was.
func TestMaskIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var fast, slow masker
	for i := range 300 {
		s := noise(r, 1+r.IntN(200), 1+r.IntN(90), 1+r.IntN(40))
		want := &raw.Shot{Stride: s.Stride, Canvas: s.Canvas, Pix: bytes.Clone(s.Pix)}
		slowly(&slow, want)
		before := bytes.Clone(s.Pix)
		img := decode(t, fast.picture(s, nil, nil).Image)
		if !bytes.Equal(before, s.Pix) {
			t.Fatalf("picture %d: the mask wrote to the shot", i)
		}
		for y := range s.Canvas.H {
			for x := range s.Canvas.W {
				p := want.Pix[y*s.Stride+4*x:][:4]
				c := color.NRGBA{R: p[2], G: p[1], B: p[0], A: 255}
				if p[3] == 0 {
					c = color.NRGBA{}
				}
				if got := color.NRGBAModel.Convert(img.At(x, y)); got != c {
					t.Fatalf("picture %d of %dx%d: pixel %d,%d is %v, want %v", i, s.Canvas.W, s.Canvas.H, x, y, got, c)
				}
			}
		}
	}
}

// TestEveryDepth writes every number of colours at awkward widths: Go's own reader must see each pixel.
func TestEveryDepth(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var f file
	for n := 2; n <= 256; n++ {
		for _, absent := range []bool{false, true} {
			w, h := 1+r.IntN(70), 1+r.IntN(9)
			colors := make([]uint32, n)
			for i := range colors {
				colors[i] = 1<<24 | uint32(i)*0x010101
			}
			pixels := make([]byte, w*h)
			for i := range pixels {
				if pixels[i] = byte(r.IntN(n)); !absent {
					pixels[i] = byte(1 + r.IntN(n-1))
				}
			}
			b, err := f.write(pixels, w, h, colors, absent, nil)
			if err != nil {
				t.Fatal(err)
			}
			img := decode(t, b)
			for i, p := range pixels {
				want := color.NRGBA{R: p, G: p, B: p, A: 255}
				if p == 0 {
					want = color.NRGBA{}
				}
				if got := color.NRGBAModel.Convert(img.At(i%w, i/w)); got != want {
					t.Fatalf("%d colours, absent %v: pixel %d is %v, want %v", n, absent, i, got, want)
				}
			}
		}
	}
}

// TestSameSightOnce: the same pixels are masked once while the permit lasts, and nothing is kept when it goes.
func TestSameSightOnce(t *testing.T) {
	img := page(themes[0], faces(t)["regular 14"], 320, 120)
	step := func() raw.Step {
		s := textStep(t, 7, keys("a "))
		s.Kind, s.Keys, s.Count, s.Button = raw.Click, nil, 1, "left"
		s.Before, s.NoBefore = shotOf(img), ""
		return s
	}
	for name, end := range map[string]raw.Step{
		"leave": {Kind: raw.Leave}, "gap": {Kind: raw.Gap, From: start, Until: start, Reason: policy.Secret}, "no permit": {Kind: raw.Click},
	} {
		r := newRedactor(t)
		frame := func() any {
			evs := r.Apply(raw.Wrap(step()))
			if len(evs) != 1 || len(evs[0].Frames()) != 1 {
				t.Fatalf("%s: no frame", name)
			}
			return evs[0].Frames()[0]
		}
		first := frame()
		if frame() != first {
			t.Errorf("%s: the same picture was masked twice", name)
		}
		r.Apply(raw.Wrap(end))
		if slices.ContainsFunc(r.masker.recent.frames[:], func(f known) bool { return f.frame != nil }) {
			t.Errorf("%s: a frame is kept", name)
		}
		if frame() == first {
			t.Errorf("%s: the frame outlived it", name)
		}
	}
}

// TestSameSightOtherEyes: the same pixels show less when typed text may no longer be shown, when the application says that something hidden stands
// there, and when a value in them was typed meanwhile, though the picture was made a moment before.
func TestSameSightOtherEyes(t *testing.T) {
	const line = "we like the weather of today"
	said := &raw.Said{Labels: []raw.Element{{Name: "Open the file", Rect: raw.Rect{W: 700, H: 32}}}}
	typing, reading := all().With(policy.Lines), policy.Classes(0).With(policy.Pointer).With(policy.Frames).With(policy.Lines)
	for _, test := range []struct {
		name    string
		classes policy.Classes // of the second picture
		said    *raw.Said
		types   string // between the two
		same    bool
	}{
		{"nothing has changed", typing, said, "a few words ", true},
		{"typed text may no longer be shown", reading, said, "", false},
		{"something hidden stands there", typing, &raw.Said{Labels: said.Labels, Secrets: []raw.Rect{{Y: 20, W: 700, H: 60}}}, "", false},
		{"the application says something else", typing, &raw.Said{Cells: []raw.Element{{Name: "another", Rect: raw.Rect{W: 700, H: 200}}}}, "", false},
		{"a value was typed", typing, said, "my password is weather ", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			img := sheet(themes[0], faces(t)["regular 14"], 700, "Open the file", "", line)
			r := must(New(Options{Session: [16]byte{1}, Reader: &script{says: []string{"Open the file", line}, page: pageOf(img)}}))
			frame := func(classes policy.Classes, said *raw.Said) *pb.Frame {
				s := textStep(t, 7, nil)
				s.Permit = permit(t, classes)
				shot := shotOf(img)
				shot.Said = said
				_, f := r.frame(&s, shot, "")
				return f
			}
			typeText(t, r, "so ")
			first := frame(typing, said)
			if test.types != "" {
				typeText(t, r, test.types)
			}
			if second := frame(test.classes, test.said); bytes.Equal(first.Sha256, second.Sha256) != test.same {
				t.Errorf("the same picture: %v", !test.same)
			}
		})
	}
}
