package redact

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestWhatIsNewIsMaskedLikeAll changes a picture bit by bit. Masked with what is known of the last one, it is byte for byte what a masker makes
// of it that knows nothing.
func TestWhatIsNewIsMaskedLikeAll(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var knows masker
	for range 25 {
		s := noise(r, 1+r.IntN(300), 1+r.IntN(200), 1+r.IntN(60))
		for step := range 12 {
			var fresh masker
			got, want := knows.picture(s, nil, nil), fresh.picture(s, nil, nil)
			if !bytes.Equal(got.Image, want.Image) {
				t.Fatalf("step %d of a picture of %dx%d: what is known of the last one shows", step, s.Canvas.W, s.Canvas.H)
			}
			s.Pix = bytes.Clone(s.Pix)
			for range r.IntN(4) {
				at := r.IntN(len(s.Pix)/4) * 4
				le.PutUint32(s.Pix[at:], uint32(r.IntN(5))*0x40807f|uint32(r.IntN(4))<<31)
			}
		}
	}
}

// TestNothingIsKnownAfterwards: what is kept of a picture goes with the focus.
func TestNothingIsKnownAfterwards(t *testing.T) {
	var m masker
	m.picture(noise(rand.New(rand.NewPCG(1, 2)), 100, 100, 9), nil, nil)
	if len(m.recent.drawn) == 0 || len(m.file.packed) == 0 {
		t.Fatal("nothing was kept")
	}
	m.forget()
	if m.recent.drawn != nil || m.recent.was != nil || m.file.packed != nil {
		t.Error("something of the picture is still known")
	}
}
