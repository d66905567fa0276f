package x11

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/xproto"
)

const (
	green  = 0x00ff00
	purple = 0xaa11cc
	orange = 0xff8811
)

// count is how many present pixels of a picture have a colour.
func count(shot *raw.Shot, colour uint32) int {
	shot.Unpack()
	n := 0
	for i := 0; i < len(shot.Pix); i += 4 {
		if le.Uint32(shot.Pix[i:])&0xffffff == colour && shot.Pix[i+3] == 0xff {
			n++
		}
	}
	return n
}

// watched is a desktop with a green window that is active and watched.
func watched(t *testing.T, x, y int) (*Server, *app, xproto.Window, string) {
	t.Helper()
	return watchedOf(t, x, y, 400)
}

// watchedOf is watched with a window of another width.
func watchedOf(t *testing.T, x, y, width int) (*Server, *app, xproto.Window, string) {
	t.Helper()
	d := desktop(t)
	s := open(t, d)
	a := newApp(t, d)
	w := a.window(x, y, width, 300, green, false)
	waitFocus(t, s, w)
	if err := s.Watch(uint32(w)); err != nil {
		t.Fatal(err)
	}
	wait(t, s, "settled", func(e Event) bool { return e.Kind == Settled })
	return s, a, w, d
}

func grab(t *testing.T, s *Server, w xproto.Window) *raw.Shot {
	t.Helper()
	var shot *raw.Shot
	until(t, "a grab", func() bool { shot, _ = s.Grab(uint32(w)); return shot != nil })
	return shot
}

// I7: no pixel of another window, whatever lies over the consented one.
func TestNoPixelOfAnotherWindow(t *testing.T) {
	s, _, w, d := watched(t, 100, 100)
	other := newApp(t, d)
	other.window(150, 150, 200, 100, purple, true)
	shot := grab(t, s, w)
	if n := count(shot, purple); n != 0 {
		t.Errorf("%d pixels of the other window", n)
	}
	if n := count(shot, 0); n != 200*100 {
		t.Errorf("%d black pixels, want %d", n, 200*100)
	}
	if n := count(shot, green); n != 400*300-200*100 {
		t.Errorf("%d own pixels", n)
	}
	if shot, why := s.Before(uint32(w), s.serverTime()+1000); shot == nil || count(shot, purple) != 0 {
		t.Errorf("Before: %v", why)
	}
}

// Under a compositor the server censors nothing: what the person cannot see is blacked out by the stack.
func TestCompositorShowsNoMore(t *testing.T) {
	s, _, w, d := watched(t, 100, 100)
	other := newApp(t, d)
	xproto.SetSelectionOwner(other.Conn, xproto.Window(other.own.Load()), other.atoms["_NET_WM_CM_S0"], 0)
	other.window(150, 150, 200, 100, purple, true)
	if shot := grab(t, s, w); count(shot, 0) != 200*100 || count(shot, purple) != 0 {
		t.Errorf("black %d, foreign %d", count(shot, 0), count(shot, purple))
	}
	if !s.watch.composed {
		t.Error("the compositor was not seen")
	}
}

// A menu of the same client belongs to the window, also outside of its rectangle; a window of another client that
// claims to be one does not.
func TestOwnPopupsBelong(t *testing.T) {
	s, a, w, d := watched(t, 100, 100)
	liar := newApp(t, d)
	fake := liar.window(520, 150, 50, 50, purple, true)
	liar.words(fake, liar.atoms["WM_TRANSIENT_FOR"], xproto.AtomWindow, uint32(w))
	liar.words(fake, liar.atoms["_NET_WM_WINDOW_TYPE"], xproto.AtomAtom, uint32(liar.atoms["_NET_WM_WINDOW_TYPE_POPUP_MENU"]))

	id, err := xproto.NewWindowId(a.Conn)
	if err != nil {
		t.Fatal(err)
	}
	xproto.CreateWindow(a.Conn, 0, id, a.root, 450, 200, 100, 80, 0, xproto.WindowClassInputOutput, 0,
		xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{orange, 1})
	a.words(id, a.atoms["_NET_WM_WINDOW_TYPE"], xproto.AtomAtom, uint32(a.atoms["_NET_WM_WINDOW_TYPE_POPUP_MENU"]))
	xproto.MapWindow(a.Conn, id)
	wait(t, s, "the menu", func(e Event) bool { return e.Kind == GeometryChanged && e.Focus.Popups })
	shot := grab(t, s, w)
	if n := count(shot, orange); n != 100*80 {
		t.Errorf("%d pixels of the menu, want %d", n, 100*80)
	}
	if n := count(shot, purple); n != 0 {
		t.Errorf("%d pixels of the liar", n)
	}
	absent := 0
	for i := 3; i < len(shot.Pix); i += 4 {
		if shot.Pix[i] == 0 {
			absent++
		}
	}
	if canvas := shot.Canvas; canvas.W <= 400 || absent != canvas.W*canvas.H-count(shot, orange)-count(shot, green)-count(shot, 0) || absent == 0 {
		t.Errorf("canvas %+v, absent %d", canvas, absent)
	}
	if !s.Owns(uint32(w), 540, 210) || s.Owns(uint32(w), 560, 160) {
		t.Error("Owns does not tell the menu from the liar")
	}
	xproto.UnmapWindow(a.Conn, id)
	wait(t, s, "the menu closed", func(e Event) bool { return e.Kind == GeometryChanged && !e.Focus.Popups })
	if n := count(grab(t, s, w), orange); n != 0 {
		t.Errorf("%d pixels of a closed menu", n)
	}
}

func TestPartlyOffScreen(t *testing.T) {
	s, _, w, _ := watched(t, 1080, 650)
	shot := grab(t, s, w)
	c := shot.Canvas
	if c.X+c.W != 1280 || c.Y+c.H != 800 || count(shot, green) != c.W*c.H {
		t.Errorf("canvas %+v holds %d own pixels", c, count(shot, green))
	}
}

func TestNoPictureOfWhatIsNotActive(t *testing.T) {
	s, _, w, d := watched(t, 100, 100)
	b := newApp(t, d)
	v := b.window(600, 100, 300, 300, purple, false)
	waitFocus(t, s, v)
	if shot, why := s.Grab(uint32(w)); shot != nil || why != whyNotActive {
		t.Errorf("a picture of a window that is not active: %q", why)
	}
	if shot, why := s.Grab(uint32(v)); shot != nil || why != whyNotWatched {
		t.Errorf("a picture of a window that is not watched: %q", why)
	}
	if err := s.Watch(0); err != nil {
		t.Fatal(err)
	}
	if s.watch.slots != [2]*slot{} || s.seg != nil {
		t.Error("slots outlive Watch(0)")
	}
	if s.Watch(0x7fffff) == nil {
		t.Error("a window that does not exist is watched")
	}
}

// TestLittleIsShared: however often the window is painted, and while somebody holds a picture, as an action does for as long as it lasts, the display
// shares no more than a part of one picture with us; nothing once the window stands, and the slot is as it was.
func TestLittleIsShared(t *testing.T) {
	s, a, w, _ := watched(t, 100, 100)
	s.mu.Lock()
	s.room = 0
	s.giveBack()
	s.mu.Unlock()
	held := grab(t, s, w)
	segments := map[*segment]bool{}
	for i := range uint32(8) {
		xproto.ChangeWindowAttributes(a.Conn, w, xproto.CwBackPixel, []uint32{purple + i})
		xproto.ClearArea(a.Conn, false, w, 0, 0, 0, 0)
		wait(t, s, "settled", func(e Event) bool { return e.Kind == Settled })
		s.mu.Lock()
		if s.seg != nil {
			segments[s.seg] = true
			if most := 400*300*4/roomPart + 64<<10; len(s.seg.data) > most {
				t.Errorf("%d bytes are shared, of a picture of %d", len(s.seg.data), 400*300*4)
			}
		}
		s.mu.Unlock()
	}
	if len(segments) == 0 {
		t.Error("nothing was looked at")
	}
	if n := count(held, green); n != 400*300 {
		t.Errorf("the held picture has changed: %d of its pixels are left", n)
	}
	held.Wipe()
	until(t, "the window stands", func() bool { return shared(t) == 0 })
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl := s.watch.slots[0]; sl == nil || s.watch.slots[1] != nil || count(&raw.Shot{Pix: pictureOf(sl)}, purple+7) != 400*300 {
		t.Error("the slot of a window that stands is lost, or not alone")
	}
}

// shared is how many segments of shared memory this process has made that are still there.
func shared(t *testing.T) (n int) {
	t.Helper()
	table, err := os.ReadFile("/proc/sysvipc/shm")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 4 && f[4] == strconv.Itoa(os.Getpid()) {
			n++
		}
	}
	return n
}

// TestNoPictureOfTwoMoments: a window that is painted all the time, each time in one colour, while it is grabbed in parts. No picture has two
// colours, whether each paint is told or there are too many.
func TestNoPictureOfTwoMoments(t *testing.T) {
	for name, every := range map[string]time.Duration{"each told": 7 * time.Millisecond, "too many": 500 * time.Microsecond} {
		t.Run(name, func(t *testing.T) {
			s, a, w, _ := watched(t, 100, 100)
			s.mu.Lock()
			s.room = 0
			s.mu.Unlock()
			stop, ended := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				tick := time.NewTicker(every)
				defer tick.Stop()
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					case <-tick.C:
						a.paint(w, shade(1+i%200))
						a.Sync()
					}
				}
			}()
			given := 0
			until(t, "pictures", func() bool {
				for range 10 {
					if shot, _ := s.Grab(uint32(w)); shot != nil {
						shot.Unpack()
						if n := count(shot, le.Uint32(shot.Pix)&0xffffff); n != 400*300 {
							t.Errorf("%d pixels of another moment", 400*300-n)
						}
						shot.Wipe()
						given++
					}
				}
				return given > 300
			})
			close(stop)
			<-ended
		})
	}
}

// TestSlotsShareWhatTheyShow: a window that paints all of itself for a line of it costs a slot no more than the tile with that line; when it shows
// again what it showed before, nothing. What no slot shows any more is overwritten.
func TestSlotsShareWhatTheyShow(t *testing.T) {
	s, a, w, _ := watched(t, 100, 100)
	s.mu.Lock()
	defer s.mu.Unlock()
	caret := func(on bool) *slot {
		a.paint(w, green)
		if on {
			a.paintPart(w, orange, 10, 40, 2, 12)
		}
		a.Sync()
		if why, _ := s.catchUp(); why != "" {
			t.Fatal(why)
		}
		sl, why := s.renew()
		if sl == nil {
			t.Fatal(why)
		}
		return sl
	}
	off := slices.Clone(caret(false).tiles)
	on := caret(true).tiles
	for n := range off {
		if same := off[n] == on[n]; same != (n != 40/raw.TileRows) {
			t.Errorf("tile %d is shared: %v", n, same)
		}
	}
	line := on[40/raw.TileRows]
	if !slices.Equal(caret(false).tiles, off) {
		t.Error("what was shown before the caret is packed again")
	}
	caret(false)
	caret(false)
	if line.Len() != 0 {
		t.Error("a line that no slot shows is still in memory")
	}
	if !bytes.Equal(s.tile[:], make([]byte, len(s.tile))) {
		t.Error("pixels are left where tiles are packed")
	}
}

// A client that repaints at once on each press, with a colour of its own each time: every picture from Before shows the colour
// before the press, never an older or a newer one. Presses come at any time after the last, also while both cores are busy.
func TestBeforeIsBefore(t *testing.T) {
	presses := 100
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		presses = 1000
	}
	for _, form := range []struct{ busy, rows, presses int }{{0, 300, presses}, {2, 300, presses}, {0, 30, presses / 3}, {2, 30, presses / 3}} {
		busy, presses := form.busy, form.presses
		t.Run(fmt.Sprintf("busy %d, rows %d", busy, form.rows), func(t *testing.T) {
			s, a, w, d := watched(t, 100, 100)
			if err := s.Record(true); err != nil {
				t.Fatal(err)
			}
			h := newHand(t, d)
			h.move(200, 200)
			painted := repaint(t, a, w, form.rows)
			for range busy {
				start(t, exec.Command("sh", "-c", "while :; do :; done"))
			}
			pause := rand.New(rand.NewPCG(uint64(busy), 1))
			proofs := map[string]int{}
			for i := range presses {
				time.Sleep(time.Duration(pause.IntN(300)) * time.Millisecond) // the load under test: a press at any moment
				h.click()
				e := wait(t, s, "the press", func(e Event) bool { return e.Kind == ButtonPress })
				shot, why := s.Before(uint32(w), e.Time)
				if shot == nil {
					proofs[why]++
				} else {
					proofs[shot.Proof]++
					want := 400 * form.rows
					if i == 0 {
						want = 400 * 300
					}
					if n := count(shot, shade(i)); n != want {
						t.Errorf("press %d (%s, %v old): %d pixels of the state before, %d of the one before that, %d of the next",
							i, shot.Proof, shot.Age, n, count(shot, shade(i-1)), count(shot, shade(i+1)))
					}
					shot.Wipe()
				}
				if n := <-painted; n != i+1 {
					t.Fatalf("painted %d times after %d presses", n, i+1)
				}
			}
			if given := proofs["slot"] + proofs["damage"]; given < presses/4 {
				t.Errorf("only %d of %d presses have a picture", given, presses)
			}
			t.Logf("%d presses, the state just before in all that were given: %v", presses, proofs)
		})
	}
}

// TestPressesAreBounded: with a paint before each, a flood of presses costs a grab per 100 ms, not one each; while nothing is
// painted, the same picture serves them all and costs none.
func TestPressesAreBounded(t *testing.T) {
	s, a, w, _ := watched(t, 100, 100)
	began, grabs := time.Now(), 0
	for i := range 60 {
		a.paint(w, shade(i))
		a.Sync()
		shot, why := s.Before(uint32(w), s.serverTime()+1000)
		switch {
		case shot == nil && why != whyTooSoon:
			t.Fatal(why)
		case shot == nil:
		case count(shot, shade(i)) != 400*300:
			t.Fatalf("press %d (%s): an old picture", i, shot.Proof)
		case shot.Proof == "damage":
			grabs++
		}
		shot.Wipe()
	}
	if most := 1 + int(time.Since(began)/pressEvery); grabs == 0 || grabs > most {
		t.Errorf("%d grabs, want 1 to %d", grabs, most)
	}
	wait(t, s, "the last paint settled", func(e Event) bool { return e.Kind == Settled && !newest(s).over })
	first := newest(s)
	for range 60 {
		shot, why := s.Before(uint32(w), s.serverTime()+1000)
		if shot == nil || shot.Proof != "slot" {
			t.Fatalf("a picture of what stands still: %q", why)
		}
		shot.Wipe()
	}
	if newest(s) != first {
		t.Error("a window that stood still was grabbed again")
	}
}

func newest(s *Server) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.watch.slots[0]
}

// shade is the colour of the window after n presses.
func shade(n int) uint32 {
	if n <= 0 {
		return green
	}
	return uint32(n%250+1)<<16 | uint32(n/250)<<8 | 0x55
}

// repaint has the app fill rows of its window at each press, and tells how often it did once the server has done it.
func repaint(t *testing.T, a *app, w xproto.Window, rows int) <-chan int {
	t.Helper()
	painted := make(chan int, 1)
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	heard := make(chan struct{}, 100)
	a.heard.Store(&heard)
	xproto.ChangeWindowAttributesChecked(a.Conn, w, xproto.CwEventMask, []uint32{xproto.EventMaskButtonPress}).Check()
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				return
			case <-heard:
			}
			for _, e := range a.in.take() {
				if e.code() == 4 {
					n++
					a.paintPart(w, shade(n), 0, 0, 0, rows)
					a.Sync()
					painted <- n
				}
			}
		}
	}()
	return painted
}
