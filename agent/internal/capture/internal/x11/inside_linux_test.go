package x11

import (
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/xproto"
)

// inner maps a window of the app inside another one.
func (a *app) inner(parent xproto.Window, x, y, w, h int, colour uint32) xproto.Window {
	a.t.Helper()
	id, err := xproto.NewWindowId(a.Conn)
	if err != nil {
		a.t.Fatal(err)
	}
	xproto.CreateWindow(a.Conn, 0, id, parent, int16(x), int16(y), uint16(w), uint16(h), 0, xproto.WindowClassInputOutput, 0,
		xproto.CwBackPixel, []uint32{colour})
	if err := xproto.MapWindowChecked(a.Conn, id).Check(); err != nil {
		a.t.Fatal(err)
	}
	return id
}

// blackAndOwn holds a picture of the window of 400x300 to: nothing purple, so much black, so much orange, the rest green.
func blackAndOwn(t *testing.T, what string, s *Server, w xproto.Window, black, own int) {
	t.Helper()
	shot := grab(t, s, w)
	defer shot.Wipe()
	if n := count(shot, purple); n != 0 {
		t.Errorf("%s: %d pixels of the other client", what, n)
	}
	if b, o, g := count(shot, 0), count(shot, orange), count(shot, green); b != black || o != own || g != 400*300-black-own {
		t.Errorf("%s: %d black, %d orange, %d green pixels, want %d, %d, %d", what, b, o, g, black, own, 400*300-black-own)
	}
}

// I7: windows that another client put inside the consented window are not in its picture, however they came there. Windows of
// its own are.
func TestNoPixelOfAWindowInside(t *testing.T) {
	s, a, w, d := watched(t, 100, 100)
	other := newApp(t, d)
	blackAndOwn(t, "alone", s, w, 0, 0)

	child := other.inner(w, 10, 10, 50, 40, purple)
	blackAndOwn(t, "mapped while watched", s, w, 50*40, 0)
	xproto.ConfigureWindow(other.Conn, child, xproto.ConfigWindowX|xproto.ConfigWindowWidth, []uint32{350, 100})
	other.Sync()
	blackAndOwn(t, "moved over the edge", s, w, 50*40, 0)
	if r := s.Rect(uint32(w)); s.Owns(uint32(w), r.X+360, r.Y+20) || !s.Owns(uint32(w), r.X+20, r.Y+20) {
		t.Error("Owns does not tell the other client's window from the window around it")
	}
	xproto.UnmapWindow(other.Conn, child)
	other.Sync()
	blackAndOwn(t, "unmapped", s, w, 0, 0)
	xproto.MapWindow(other.Conn, child)
	other.Sync()
	blackAndOwn(t, "mapped again", s, w, 50*40, 0)
	xproto.DestroyWindow(other.Conn, child)
	other.Sync()
	blackAndOwn(t, "destroyed", s, w, 0, 0)

	panel := a.inner(w, 100, 100, 200, 100, orange)
	blackAndOwn(t, "an own window", s, w, 0, 200*100)
	deep := a.inner(panel, 20, 20, 100, 50, orange)
	other.inner(deep, 5, 5, 30, 20, purple)
	blackAndOwn(t, "three levels deep", s, w, 30*20, 200*100-30*20)
	xproto.ConfigureWindow(a.Conn, panel, xproto.ConfigWindowX, []uint32{150})
	a.Sync()
	blackAndOwn(t, "moved with the window around it", s, w, 30*20, 200*100-30*20)
	xproto.DestroyWindow(a.Conn, panel)
	a.Sync()
	blackAndOwn(t, "gone with the window around it", s, w, 0, 0)

	guest := other.window(700, 100, 60, 60, purple, true)
	xproto.ReparentWindow(other.Conn, guest, w, 200, 200)
	other.Sync()
	blackAndOwn(t, "reparented into it", s, w, 60*60, 0)
	if err := s.Watch(0); err != nil {
		t.Fatal(err)
	}
	if err := s.Watch(uint32(w)); err != nil {
		t.Fatal(err)
	}
	blackAndOwn(t, "there before it was watched", s, w, 60*60, 0)
}

// Another client maps, moves and destroys windows inside as fast as it can: no picture holds a pixel of them, neither one that is
// grabbed nor one from before a press.
func TestWindowsInsideRace(t *testing.T) {
	s, a, w, d := watched(t, 100, 100)
	other := newApp(t, d)
	own := a.inner(w, 0, 0, 300, 200, orange)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			parent := []xproto.Window{w, own}[i%2]
			child := other.inner(parent, 5*(i%20), 10, 60, 60, purple)
			xproto.ConfigureWindow(other.Conn, child, xproto.ConfigWindowX, []uint32{uint32(7 * (i % 30))})
			if i%3 == 0 {
				xproto.ReparentWindow(other.Conn, child, other.root, 900, 500)
				xproto.ReparentWindow(other.Conn, child, parent, 30, 30)
			}
			other.Sync()
			xproto.DestroyWindow(other.Conn, child)
			if i%20 == 0 {
				time.Sleep(time.Millisecond) // a picture has a chance also where one processor serves all
			}
		}
	}()
	given, black := 0, 0
	until(t, "pictures in between", func() bool {
		s.mu.Lock()
		s.rec.inputAt = boottime() // the person is there, however long this takes
		s.mu.Unlock()
		for range 10 {
			shot, _ := s.Grab(uint32(w))
			see(t, shot, &given, &black)
			shot, _ = s.Before(uint32(w), s.serverTime())
			see(t, shot, &given, &black)
		}
		return given > 300 && black > 20
	})
	close(stop)
	<-ended
	t.Logf("%d pictures, %d of them with a window blacked out", given, black)
}

func see(t *testing.T, shot *raw.Shot, given, black *int) {
	t.Helper()
	if shot == nil {
		return
	}
	*given++
	if count(shot, 0) > 0 {
		*black++
	}
	if n := count(shot, purple); n != 0 {
		t.Errorf("%d pixels of the other client", n)
	}
	shot.Wipe()
}

// More windows than are followed: no picture at all.
func TestTooManyWindowsInside(t *testing.T) {
	s, a, w, _ := watched(t, 100, 100)
	for i := range mostInside + 1 {
		a.inner(w, i%400, i%300, 1, 1, orange)
	}
	if shot, why := s.Grab(uint32(w)); shot != nil || why != whyInside {
		t.Errorf("a picture of a window that is not known inside: %q", why)
	}
}
