package indicator

import (
	"errors"
	"image"
	"path/filepath"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// hand is a pointer that is moved through XTEST, as a real one would be.
type hand struct {
	t    *testing.T
	x    *xgb.Conn
	root xproto.Window
}

func newHand(t *testing.T, x *xgb.Conn) hand {
	t.Helper()
	if err := xtest.Init(x); err != nil {
		t.Fatal(err)
	}
	return hand{t, x, xproto.Setup(x).DefaultScreen(x).Root}
}

func (h hand) do(kind byte, detail byte, at image.Point) {
	h.t.Helper()
	if err := xtest.FakeInputChecked(h.x, kind, detail, 0, h.root, int16(at.X), int16(at.Y), 0).Check(); err != nil {
		h.t.Fatal(err)
	}
}

func where(t *testing.T, x *xgb.Conn, w xproto.Window) image.Rectangle {
	t.Helper()
	g, err := xproto.GetGeometry(x, xproto.Drawable(w)).Reply()
	if err != nil {
		t.Fatal(err)
	}
	return image.Rect(0, 0, int(g.Width), int(g.Height)).Add(image.Pt(int(g.X), int(g.Y)))
}

// The person drags the mark; it can be proved all the while, stays where it was put through other words and a new start, and
// the window below gets nothing of it.
func TestDragged(t *testing.T) {
	d, _ := xvfb(t)
	x := other(t, d)
	below := window(t, x, 0, 0, 1280, 800)
	xproto.ChangeWindowAttributes(x, below, xproto.CwEventMask, []uint32{xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease})
	file := filepath.Join(t.TempDir(), "mark.json")
	m, err := Open(d, file)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Show(Face{State: "recording", Words: "recording"}); err != nil {
		t.Fatal(err)
	}
	h, h2 := newHand(t, x), where(t, x, m.window)
	from, to := h2.Min.Add(image.Pt(4, 14)), image.Pt(300, 400)
	h.do(xproto.MotionNotify, 0, from)
	h.do(xproto.ButtonPress, 1, image.Point{})
	h.do(xproto.MotionNotify, 0, to)
	until(t, "the mark follows", func() bool { return where(t, x, m.window).Min == to.Sub(image.Pt(4, 14)) })
	if !m.Prove() {
		t.Error("not proven while it is dragged")
	}
	h.do(xproto.ButtonRelease, 1, image.Point{})
	until(t, "the place is remembered", func() bool { return readSpot(file).Left })
	if err := m.Show(Face{State: "excluded", Words: "window not agreed"}); err != nil {
		t.Fatal(err)
	}
	if at := where(t, x, m.window).Min; at != to.Sub(image.Pt(4, 14)) || !m.Prove() {
		t.Errorf("with other words it stands at %v", at)
	}
	m.Close()
	if m, err = Open(d, file); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Show(Face{State: "paused"}); err != nil {
		t.Fatal(err)
	}
	if at := where(t, x, m.window).Min; at != to.Sub(image.Pt(4, 14)) {
		t.Errorf("after a new start it stands at %v", at)
	}
	for e, err := x.PollForEvent(); e != nil || err != nil; e, err = x.PollForEvent() {
		if _, seen := e.(xproto.VisibilityNotifyEvent); !seen {
			t.Errorf("the window below got %v, %v", e, err)
		}
	}
}

// Each press on the mark is known by its time of the server; presses beside it are not.
func TestTouched(t *testing.T) {
	d, _ := xvfb(t)
	x := other(t, d)
	below := window(t, x, 0, 0, 1280, 800)
	xproto.ChangeWindowAttributes(x, below, xproto.CwEventMask, []uint32{xproto.EventMaskButtonPress})
	m := mark(t, d)
	h := newHand(t, x)
	if m.Touched(0) {
		t.Error("touched before anything was")
	}
	on := where(t, x, m.window).Min.Add(image.Pt(4, 14))
	for _, button := range []byte{1, 2, 3, 4} {
		h.do(xproto.MotionNotify, 0, on)
		h.do(xproto.ButtonPress, button, image.Point{})
		h.do(xproto.ButtonRelease, button, image.Point{})
	}
	<-time.After(5 * time.Millisecond) // the server counts whole milliseconds
	h.do(xproto.MotionNotify, 0, image.Pt(100, 500))
	h.do(xproto.ButtonPress, 1, image.Point{})
	h.do(xproto.ButtonRelease, 1, image.Point{})
	var beside xproto.ButtonPressEvent
	until(t, "the press beside the mark", func() bool {
		e, _ := x.PollForEvent()
		p, ok := e.(xproto.ButtonPressEvent)
		beside = p
		return ok
	})
	until(t, "the presses on the mark", func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.touches.next == 4
	})
	if m.Touched(uint32(beside.Time)) {
		t.Error("a press beside the mark counts as one on it")
	}
	for i, at := range m.touches.times[:4] {
		if !m.Touched(at) {
			t.Errorf("press %d on the mark is not known", i)
		}
	}
}

// Another client that closes the mark's window, or its connection, ends it for good and at once.
func TestClosedByAnotherClient(t *testing.T) {
	for name, kill := range map[string]func(*xgb.Conn, xproto.Window){
		"XDestroyWindow": func(x *xgb.Conn, w xproto.Window) { xproto.DestroyWindow(x, w) },
		"XKillClient":    func(x *xgb.Conn, w xproto.Window) { xproto.KillClient(x, uint32(w)) },
	} {
		d, _ := xvfb(t)
		m := mark(t, d)
		until(t, "proven before", m.Prove)
		x := other(t, d)
		kill(x, m.window)
		x.Sync()
		select {
		case <-m.Lost():
		case <-time.After(patience):
			t.Fatalf("%s: no loss is told", name)
		}
		// That it is gone from the screen may be told before that it is gone for good.
		until(t, name+": it is closed, and is never proven", func() bool {
			err := m.Show(Face{State: "off"})
			if m.Prove() {
				t.Fatalf("%s: the mark lives on", name)
			}
			return errors.Is(err, ErrClosed)
		})
	}
}

// When the screen changes, and when a proof finds it nowhere, the mark goes back to where the person wants it. Xvfb cannot change
// its size, so the news of it is sent by hand; what a smaller screen does to the place is TestSpotIsOnAMonitor.
func TestComesBack(t *testing.T) {
	d, _ := xvfb(t)
	m := mark(t, d)
	x := other(t, d)
	home, root := where(t, x, m.window), xproto.Setup(x).DefaultScreen(x).Root
	away := func() {
		xproto.ConfigureWindow(x, m.window, xproto.ConfigWindowX, []uint32{5000})
		x.Sync()
	}
	away()
	news := xproto.ConfigureNotifyEvent{Event: root, Window: root, Width: 1280, Height: 800}
	xproto.SendEvent(x, false, root, xproto.EventMaskStructureNotify, string(news.Bytes()))
	until(t, "the mark is back after the screen changed", func() bool { return where(t, x, m.window) == home })
	away()
	if m.Prove() {
		t.Error("proven while it is nowhere")
	}
	until(t, "the mark is back after a proof failed", func() bool { return where(t, x, m.window) == home && m.Prove() })
}
