package x11

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/xproto"
)

// pictureOf is what a slot shows.
func pictureOf(sl *slot) []byte {
	shot := &raw.Shot{Canvas: sl.canvas, Stride: 4 * sl.canvas.W}
	shot.Show(sl.tiles, func() {})
	defer shot.Wipe()
	shot.Unpack()
	return bytes.Clone(shot.Pix)
}

// TestPatchIsTheWindow paints small parts of a window at random, and sometimes all of it. Each time the patched slot is what the display gives of the
// window at one go, and the one before it is what the window was; whether somebody was given a picture meanwhile, still has it or not.
func TestPatchIsTheWindow(t *testing.T) {
	const wide = 2*raw.TileCols + 40
	s, a, w, _ := watchedOf(t, 100, 100, wide)
	r := rand.New(rand.NewPCG(7, 7))
	patched, shared := 0, 0
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range 120 {
		s.rec.inputAt = boottime() // the person is there, however long this takes
		if s.room = leastRoom * r.IntN(2); i%40 == 0 {
			s.watch.stale.all = true
		}
		if _, why := s.renew(); why != "" {
			t.Fatal(why)
		}
		before := pictureOf(s.watch.slots[0])
		var held *raw.Shot
		if r.IntN(3) == 0 {
			shot := s.give(s.watch.slots[0], "slot", 0)
			if held = shot; r.IntN(2) == 0 {
				shot.Wipe()
			}
		}
		for range 1 + r.IntN(3) {
			width, height := 1+r.IntN(80), 1+r.IntN(10)
			switch r.IntN(8) {
			case 0:
				width, height = wide, 300
			case 1: // a scrollbar
				width, height = 1+r.IntN(10), 300
			}
			a.paintPart(w, purple+uint32(i)*0x030507, r.IntN(wide), r.IntN(310)-10, width, height)
		}
		a.Sync()
		if why, _ := s.catchUp(); why != "" {
			t.Fatal(why)
		}
		was := s.watch.slots[0]
		if !was.over {
			continue // all of it lay outside
		}
		if want := s.watch.patches(); len(want) > 0 {
			patched++
		}
		sl, why := s.renew()
		if sl == nil {
			t.Fatal(why)
		}
		if got, want := pictureOf(sl), whole(t, s); !bytes.Equal(got, want) {
			t.Fatalf("picture %d is not the window", i)
		}
		if r.IntN(3) == 0 {
			shot := s.give(sl, "slot", 0)
			if !shot.Unpack() || !bytes.Equal(shot.Pix, whole(t, s)) {
				t.Fatalf("picture %d is given as an older one", i)
			}
			shot.Wipe()
		}
		if s.watch.slots[1] != was || !bytes.Equal(pictureOf(was), before) {
			t.Fatalf("picture %d: the one before it is lost", i)
		}
		if !held.Empty() && (!held.Unpack() || !bytes.Equal(held.Pix, before)) {
			t.Fatalf("picture %d that somebody holds is another", i)
		}
		held.Wipe()
		for n := range sl.tiles {
			if sl.tiles[n] == was.tiles[n] {
				shared++
			}
		}
	}
	if patched < 80 || shared < 200 {
		t.Errorf("%d patched, %d tiles shared: nothing was tried", patched, shared)
	}
}

// whole is the window as the display gives it, by another way.
func whole(t *testing.T, s *Server) []byte {
	t.Helper()
	r := s.watch.rect
	img, err := xproto.GetImage(s.pic.Conn, xproto.ImageFormatZPixmap, xproto.Drawable(s.watch.window), 0, 0, uint16(r.W), uint16(r.H), ^uint32(0)).Reply()
	if err != nil {
		t.Fatal(err)
	}
	opaque(img.Data, img.Data)
	return img.Data
}

// TestNarrowPaintsAreNarrow: a scrollbar that is painted over the whole height of a wide window, and a line of text beside it, have their own tiles grabbed,
// each only once, and no other.
func TestNarrowPaintsAreNarrow(t *testing.T) {
	const wide = 2*raw.TileCols + 40
	s, a, w, _ := watchedOf(t, 100, 100, wide)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, why := s.renew(); why != "" {
		t.Fatal(why)
	}
	a.paintPart(w, orange, wide-8, 0, 8, 300)
	a.paintPart(w, orange, 20, 3*raw.TileRows+4, 100, 12)
	a.Sync()
	if why, _ := s.catchUp(); why != "" {
		t.Fatal(why)
	}
	sl := s.watch.slots[0]
	want := s.watch.patches()
	tiles := (300 + raw.TileRows - 1) / raw.TileRows
	if len(want) != tiles+1 || !slices.Contains(want, 3*sl.cols()) {
		t.Errorf("tiles %v, want those of the last of %d columns and one in row 3", want, sl.cols())
	}
	area := 0
	for _, set := range sl.strips(want, len(want)) {
		for _, st := range set {
			area += size(st.rect)
		}
	}
	if most := 40*300 + raw.TileCols*raw.TileRows; area != most {
		t.Errorf("%d pixels are grabbed, want %d", area, most)
	}
}

// TestNoPatchUnderANewNeighbour: a slot from before another window came to lie over the watched one is not patched: nothing under that window is
// in the next picture, and nothing of it.
func TestNoPatchUnderANewNeighbour(t *testing.T) {
	s, a, w, d := watched(t, 100, 100)
	other := newApp(t, d)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range 10 {
		if _, why := s.renew(); why != "" {
			t.Fatal(why)
		}
		over := other.window(150+i, 150, 200, 100, purple, true)
		other.Sync()
		a.paintPart(w, orange, 20, 60, 60, 8) // half of it lies below
		a.Sync()
		if why, _ := s.catchUp(); why != "" {
			t.Fatal(why)
		}
		if _, why := s.renew(); why != "" {
			t.Fatal(why)
		}
		if pix := pictureOf(s.watch.slots[0]); count(&raw.Shot{Pix: pix}, purple) != 0 || count(&raw.Shot{Pix: pix}, 0) != 200*100 {
			t.Fatalf("round %d: %d pixels of the window above, %d black", i, count(&raw.Shot{Pix: pix}, purple), count(&raw.Shot{Pix: pix}, 0))
		}
		xproto.DestroyWindow(other.Conn, over)
		other.Sync()
		if why, _ := s.catchUp(); why != "" {
			t.Fatal(why)
		}
	}
}

// TestNeighbourInTheMiddleOfAPatch: another window comes to lie over the watched one between the questions before a patch and its pixels. What the
// display gives then has a hole; it is no picture that anybody saw, and becomes no slot, though nothing was painted and all questions are answered as before.
func TestNeighbourInTheMiddleOfAPatch(t *testing.T) {
	s, a, w, d := watched(t, 100, 100)
	other := newApp(t, d)
	over := other.window(150, 150, 200, 100, purple, true)
	s.mu.Lock()
	defer s.mu.Unlock()
	mapped := false
	tapped(s.pic).before[s.pic.Extensions["MIT-SHM"]] = func() {
		if mapped {
			return
		}
		mapped = true
		xproto.MapWindow(other.Conn, over)
		other.Sync()
	}
	for i := range 10 {
		mapped = true // until the patch
		xproto.UnmapWindow(other.Conn, over)
		other.Sync()
		a.paint(w, green)
		a.Sync()
		if _, why := s.renew(); why != "" {
			t.Fatal(why)
		}
		a.paintPart(w, orange, 20, 60+i, 60, 8)
		a.Sync()
		if why, _ := s.catchUp(); why != "" {
			t.Fatal(why)
		}
		was := s.watch.slots[0]
		mapped = false
		if s.patch() || s.watch.slots[0] != was {
			t.Fatalf("round %d: a slot was made of two views", i)
		}
		if !mapped {
			t.Fatal("no neighbour came: nothing was tried")
		}
		sl, why := s.renew()
		if sl == nil {
			t.Fatal(why)
		}
		if pix := (&raw.Shot{Pix: pictureOf(sl)}); count(pix, purple) != 0 || count(pix, 0) != 200*100 {
			t.Errorf("round %d: the next picture has %d pixels of the window above, %d black", i, count(pix, purple), count(pix, 0))
		}
	}
}

// TestAreasHoldAllPaints: however paints lie, a few areas hold all of them.
func TestAreasHoldAllPaints(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var a areas
		var painted []raw.Rect
		for range 1 + r.IntN(40) {
			p := raw.Rect{X: r.IntN(2000) - 50, Y: r.IntN(1000) - 50, W: 1 + r.IntN(300), H: 1 + r.IntN(30)}
			painted = append(painted, p)
			a.add(p)
		}
		if len(a.list) > mostAreas {
			t.Fatalf("%d areas", len(a.list))
		}
		for _, p := range painted {
			if !slices.ContainsFunc(a.list, func(o raw.Rect) bool { return meet(o, p) == p }) {
				t.Fatalf("%v is in none of %v", p, a.list)
			}
		}
	}
}
