package x11

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// patience is how long a test waits for something that a healthy machine does in milliseconds.
const patience = 2 * time.Minute

// until polls a condition that the display or the kernel makes true.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// xvfb starts a virtual display that chooses its own number, and ends it with the test.
func xvfb(t *testing.T, args ...string) (string, *os.Process) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", append([]string{"-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp"}, args...)...)
	cmd.ExtraFiles = []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start(t, cmd)
	w.Close()
	var number int
	if _, err := fmt.Fscan(r, &number); err != nil {
		t.Fatalf("Xvfb told no display: %v", err)
	}
	return fmt.Sprintf(":%d", number), cmd.Process
}

// start runs a program and ends it with the test.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v (apt-get install xvfb openbox)", cmd.Args[0], err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-done
	})
}

// openbox starts a window manager and waits until it manages.
func openbox(t *testing.T, display string) *os.Process {
	t.Helper()
	cmd := exec.Command("openbox", "--sm-disable")
	cmd.Env = append(os.Environ(), "DISPLAY="+display, "HOME="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	start(t, cmd)
	c := dialTest(t, display, func() {})
	s := &Server{ctl: c}
	until(t, "openbox manages", s.findWM)
	probe(t, c)
	return cmd.Process
}

// probe maps a window until the window manager shows it: openbox loses a request that comes while it starts.
func probe(t *testing.T, c *conn) {
	t.Helper()
	id, err := xproto.NewWindowId(c.Conn)
	if err != nil {
		t.Fatal(err)
	}
	xproto.CreateWindow(c.Conn, 0, id, c.root, 0, 0, 50, 50, 0, xproto.WindowClassInputOutput, 0, 0, nil)
	tries := 0
	until(t, "the window manager shows a window", func() bool {
		if tries++; tries%50 == 1 {
			xproto.UnmapWindow(c.Conn, id)
			xproto.MapWindow(c.Conn, id)
		}
		r, err := xproto.GetWindowAttributes(c.Conn, id).Reply()
		return err == nil && r.MapState == xproto.MapStateViewable
	})
	xproto.DestroyWindow(c.Conn, id)
}

// dialTest is a connection of the test itself.
func dialTest(t *testing.T, display string, wake func()) *conn {
	t.Helper()
	d, err := parseDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	c, err := connect(d, wake, func(*conn) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	if err := c.intern(append(atomNames, "UTF8_STRING")...); err != nil {
		t.Fatal(err)
	}
	return c
}

// desktop is a display with openbox.
func desktop(t *testing.T) string {
	t.Helper()
	d, _ := xvfb(t)
	openbox(t, d)
	return d
}

// open is a Server under test, closed at the end.
func open(t *testing.T, display string) *Server {
	t.Helper()
	s, err := Open(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// app is a client whose windows are of one colour each.
type app struct {
	*conn
	t     *testing.T
	heard atomic.Pointer[chan struct{}] // gets a token per event, if set
}

func newApp(t *testing.T, display string) *app {
	a := &app{t: t}
	a.conn = dialTest(t, display, func() {
		if c := a.heard.Load(); c != nil {
			select {
			case *c <- struct{}{}:
			default:
			}
		}
	})
	return a
}

// window maps a window and waits until it can be seen. A managed one is placed where asked.
func (a *app) window(x, y, w, h int, colour uint32, override bool) xproto.Window {
	a.t.Helper()
	id, err := xproto.NewWindowId(a.Conn)
	if err != nil {
		a.t.Fatal(err)
	}
	over := uint32(0)
	if override {
		over = 1
	}
	if err := xproto.CreateWindowChecked(a.Conn, 0, id, a.root, int16(x), int16(y), uint16(w), uint16(h), 0,
		xproto.WindowClassInputOutput, 0, xproto.CwBackPixel|xproto.CwOverrideRedirect, []uint32{colour, over}).Check(); err != nil {
		a.t.Fatal(err)
	}
	a.set(id, xproto.AtomWmClass, xproto.AtomString, []byte("painter\x00Painter\x00"))
	a.set(id, xproto.AtomWmName, xproto.AtomString, []byte("a title"))
	hints := make([]byte, 18*4) // WM_NORMAL_HINTS: the person placed it
	le.PutUint32(hints, 1|2)
	xproto.ChangeProperty(a.Conn, xproto.PropModeReplace, id, xproto.AtomWmNormalHints, xproto.AtomWmSizeHints, 32, 18, hints)
	xproto.MapWindow(a.Conn, id)
	until(a.t, "the window is viewable", func() bool {
		r, err := xproto.GetWindowAttributes(a.Conn, id).Reply()
		return err == nil && r.MapState == xproto.MapStateViewable
	})
	return id
}

func (a *app) set(w xproto.Window, name, kind xproto.Atom, v []byte) {
	xproto.ChangeProperty(a.Conn, xproto.PropModeReplace, w, name, kind, 8, uint32(len(v)), v)
}

// words sets a property of 32-bit values.
func (a *app) words(w xproto.Window, name, kind xproto.Atom, v ...uint32) {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = le.AppendUint32(b, x)
	}
	xproto.ChangeProperty(a.Conn, xproto.PropModeReplace, w, name, kind, 32, uint32(len(v)), b)
}

// paint fills a window with a colour at once.
func (a *app) paint(w xproto.Window, colour uint32) {
	xproto.ChangeWindowAttributes(a.Conn, w, xproto.CwBackPixel, []uint32{colour})
	xproto.ClearArea(a.Conn, false, w, 0, 0, 0, 0)
}

// paintPart fills a part of a window with a colour at once.
func (a *app) paintPart(w xproto.Window, colour uint32, x, y, width, height int) {
	xproto.ChangeWindowAttributes(a.Conn, w, xproto.CwBackPixel, []uint32{colour})
	xproto.ClearArea(a.Conn, false, w, int16(x), int16(y), uint16(width), uint16(height))
}

// hand is the person's hand: XTEST.
type hand struct{ *app }

func newHand(t *testing.T, display string) hand {
	h := hand{newApp(t, display)}
	if _, err := h.extension("XTEST"); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h hand) fake(kind, detail byte, x, y int) {
	xtest.FakeInput(h.Conn, kind, detail, 0, h.root, int16(x), int16(y), 0)
}

func (h hand) key(code byte) { h.fake(2, code, 0, 0); h.fake(3, code, 0, 0) }

func (h hand) move(x, y int) { h.fake(6, 0, x, y) }

func (h hand) click() { h.fake(4, 1, 0, 0); h.fake(5, 1, 0, 0) }

// wait takes events until one pleases.
func wait(t *testing.T, s *Server, what string, ok func(Event) bool) Event {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case e, open := <-s.Events():
			if !open {
				t.Fatalf("%s: the events ended: %v", what, s.Err())
			}
			if ok(e) {
				return e
			}
		case <-limit:
			t.Fatalf("waited in vain: %s (the focus is at %#x)", what, s.Focus().Window)
		}
	}
}

// waitFocus waits until w is the known focus.
func waitFocus(t *testing.T, s *Server, w xproto.Window) {
	t.Helper()
	if f := s.Focus(); f.Window == uint32(w) && f.Known {
		return
	}
	wait(t, s, "the focus", func(e Event) bool { return e.Kind == FocusChanged && e.Focus.Window == uint32(w) && e.Focus.Known })
}
