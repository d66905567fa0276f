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
	if sl.seg == nil {
		shot := sl.shot.Share()
		defer shot.Wipe()
		shot.Unpack()
		return bytes.Clone(shot.Pix)
	}
	return compose(sl.layers, bytes.Clone(sl.seg.data)).Pix
}

// TestPatchIsTheWindow paints small parts of a window at random. Each time the patched slot is what a whole grab gives, and the one before
// it is what the window was; whether somebody was given a picture meanwhile, still has it or not.
func TestPatchIsTheWindow(t *testing.T) {
	s, a, w, _ := watched(t, 100, 100)
	r := rand.New(rand.NewPCG(7, 7))
	patched, recalled := 0, 0
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range 120 {
		if s.watch.slots[0] == nil {
			if _, why := s.renew(); why != "" {
				t.Fatal(why)
			}
		}
		before := pictureOf(s.watch.slots[0])
		var held interface{ Wipe() }
		if r.IntN(3) == 0 {
			shot := s.give(s.watch.slots[0], "slot", 0)
			if held = shot; r.IntN(2) == 0 {
				shot.Wipe()
			}
		}
		for range 1 + r.IntN(3) {
			a.paintPart(w, purple+uint32(i)*0x030507, r.IntN(400), r.IntN(310)-10, 1+r.IntN(80), 1+r.IntN(10))
		}
		a.Sync()
		if why, _ := s.catchUp(); why != "" {
			t.Fatal(why)
		}
		was := s.watch.slots[0]
		if !was.over {
			continue // all of it lay outside
		}
		if _, why := s.renew(); why != "" {
			t.Fatal(why)
		}
		whole, why := s.grab()
		if whole == nil {
			t.Fatal(why)
		}
		if got, want := pictureOf(s.watch.slots[0]), pictureOf(whole); !bytes.Equal(got, want) {
			t.Fatalf("picture %d is not the window", i)
		}
		if r.IntN(3) == 0 {
			shot := s.give(s.watch.slots[0], "slot", 0)
			if !shot.Unpack() || !bytes.Equal(shot.Pix, pictureOf(whole)) {
				t.Fatalf("picture %d is given as an older one", i)
			}
			shot.Wipe()
		}
		s.drop(whole)
		if s.watch.slots[0] == was {
			patched++
			if r.IntN(2) == 0 {
				recalled++
				if sl := s.recall(); sl == nil || !bytes.Equal(pictureOf(sl), before) {
					t.Fatalf("picture %d: the one before it is lost", i)
				}
			}
		}
		if held != nil {
			held.Wipe()
		}
	}
	if patched < 40 || recalled < 10 {
		t.Errorf("%d patched, %d recalled: nothing was tried", patched, recalled)
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
