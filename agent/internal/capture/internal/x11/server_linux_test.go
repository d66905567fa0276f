package x11

import (
	"testing"
)

// count is how many pixels of a picture have a colour.
func count(pix []byte, colour uint32) int {
	n := 0
	for i := 0; i < len(pix); i += 4 {
		if le.Uint32(pix[i:])&0xffffff == colour && pix[i+3] == 0xff {
			n++
		}
	}
	return n
}

func TestSmoke(t *testing.T) {
	d := desktop(t)
	s := open(t, d)
	a := newApp(t, d)
	w := a.window(100, 100, 400, 300, 0x00ff00, false)
	waitFocus(t, s, w)
	t.Logf("%+v", s.Focus())
	t.Log(s.Layout())
	if err := s.Record(true); err != nil {
		t.Fatal(err)
	}
	if err := s.Watch(uint32(w)); err != nil {
		t.Fatal(err)
	}
	wait(t, s, "settled", func(e Event) bool { return e.Kind == Settled })
	h := newHand(t, d)
	h.move(200, 200)
	h.key(38)
	e := wait(t, s, "key", func(e Event) bool { return e.Kind == KeyPress })
	t.Logf("%+v", e)
	if !s.Owns(uint32(w), 200, 200) || s.Owns(uint32(w), 20, 20) {
		t.Error("owns")
	}
	shot, why := s.Before(uint32(w), e.Time)
	if shot == nil {
		t.Fatal(why)
	}
	t.Log(shot.Proof, shot.Age, shot.Canvas, count(shot.Pix, 0x00ff00))
	shot, why = s.Grab(uint32(w))
	if shot == nil {
		t.Fatal(why)
	}
	t.Log(shot.Proof, shot.Age, shot.Canvas, count(shot.Pix, 0x00ff00))
}
