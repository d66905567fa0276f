package indicator

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/composite"
	xshape "github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"
)

const patience = 2 * time.Minute

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

func start(t *testing.T, cmd *exec.Cmd) *os.Process {
	t.Helper()
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v (apt-get install xvfb)", cmd.Args[0], err)
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-done
	})
	return cmd.Process
}

func xvfb(t *testing.T) (string, *os.Process) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1280x800x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	p := start(t, cmd)
	w.Close()
	var n int
	if _, err := fmt.Fscan(r, &n); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf(":%d", n), p
}

// other is another client of the display.
func other(t *testing.T, display string) *xgb.Conn {
	t.Helper()
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// window maps an override-redirect window of one colour, the strongest rival of the mark.
func window(t *testing.T, x *xgb.Conn, px, py, w, h int) xproto.Window {
	t.Helper()
	id, err := xproto.NewWindowId(x)
	if err != nil {
		t.Fatal(err)
	}
	root := xproto.Setup(x).DefaultScreen(x).Root
	xproto.CreateWindow(x, 0, id, root, int16(px), int16(py), uint16(w), uint16(h), 0, xproto.WindowClassInputOutput, 0,
		xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{0x00ff00, 1, xproto.EventMaskVisibilityChange})
	if err := xproto.MapWindowChecked(x, id).Check(); err != nil {
		t.Fatal(err)
	}
	return id
}

func mark(t *testing.T, display string) *Mark {
	t.Helper()
	m, err := Open(display, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	if err := m.Show(Face{State: "recording", Words: "recording this window"}); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestProvenWhenShown(t *testing.T) {
	d, _ := xvfb(t)
	m, err := Open(d, "")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.Prove() {
		t.Fatal("proven before it was shown")
	}
	for _, state := range []string{"off", "consenting", "recording", "paused", "excluded", "blind", "expired"} {
		if err := m.Show(Face{State: state, Words: "three words here " + state}); err != nil {
			t.Fatal(err)
		}
		if !m.Prove() {
			t.Errorf("%s: not proven right after it was shown", state)
		}
	}
	x := other(t, d)
	r, err := xproto.GetProperty(x, false, m.window, xproto.AtomWmClass, xproto.AtomString, 0, 64).Reply()
	if err != nil || string(r.Value) != Class+"\x00"+Class+"\x00" {
		t.Errorf("WM_CLASS = %q, %v", r.Value, err)
	}
}

// A window that comes over the mark once is risen above.
func TestRisesAboveANewWindow(t *testing.T) {
	d, _ := xvfb(t)
	m := mark(t, d)
	window(t, other(t, d), 0, 0, 1280, 800)
	until(t, "the mark is proven above the full-screen window", m.Prove)
}

// A window that comes back at once is not fought: the loss is told, and nothing is proven.
func TestLostToAWindowThatFights(t *testing.T) {
	d, _ := xvfb(t)
	m := mark(t, d)
	x := other(t, d)
	w := window(t, x, 900, 0, 380, 100)
	limit := time.After(patience)
	for lost := false; !lost; {
		xproto.ConfigureWindow(x, w, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
		x.Sync()
		select {
		case <-m.Lost():
			lost = true
		case <-limit:
			t.Fatal("a mark that is covered again and again does not say so")
		default:
		}
	}
	xproto.ConfigureWindow(x, w, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
	x.Sync()
	if m.Prove() {
		t.Error("proven while covered")
	}
	xproto.DestroyWindow(x, w)
	x.Sync()
	until(t, "the mark is proven after the rival went", m.Prove)
}

func TestNotProvenWhenAnotherClientHarmsIt(t *testing.T) {
	d, _ := xvfb(t)
	x := other(t, d)
	if err := errors.Join(xshape.Init(x), composite.Init(x)); err != nil {
		t.Fatal(err)
	}
	fill := func(m *Mark, parts ...xproto.Rectangle) {
		gc, err := xproto.NewGcontextId(x)
		if err != nil {
			t.Fatal(err)
		}
		xproto.CreateGC(x, gc, xproto.Drawable(m.window), xproto.GcForeground, []uint32{0x123456})
		xproto.PolyFillRectangle(x, xproto.Drawable(m.window), gc, parts)
	}
	harms := map[string]func(*Mark){
		"moved away": func(m *Mark) {
			xproto.ConfigureWindow(x, m.window, xproto.ConfigWindowX, []uint32{5000})
		},
		"painted over": func(m *Mark) { fill(m, xproto.Rectangle{Width: 500, Height: 100}) },
		"painted over but for a row": func(m *Mark) {
			fill(m, xproto.Rectangle{Width: 500, Height: side/2 + 1}, xproto.Rectangle{Y: side/2 + 2, Width: 500, Height: 100})
		},
		"made tiny": func(m *Mark) {
			xproto.ConfigureWindow(x, m.window, xproto.ConfigWindowWidth|xproto.ConfigWindowHeight, []uint32{1, 1})
		},
		"made transparent": func(m *Mark) {
			xproto.ChangeProperty(x, xproto.PropModeReplace, m.window, m.opacity, xproto.AtomCardinal, 32, 1, make([]byte, 4))
		},
		"cut to another outline of its area": func(m *Mark) {
			r, err := xshape.GetRectangles(x, m.window, xshape.SkBounding).Reply()
			if err != nil {
				t.Fatal(err)
			}
			for i := range r.Rectangles {
				r.Rectangles[i].X = int16(m.picture.w) - r.Rectangles[i].X - int16(r.Rectangles[i].Width)
			}
			xshape.Rectangles(x, xshape.SoSet, xshape.SkBounding, xproto.ClipOrderingUnsorted, m.window, 0, 0, r.Rectangles)
		},
		"cut to nothing within its outline": func(m *Mark) {
			xshape.Rectangles(x, xshape.SoSet, xshape.SkClip, xproto.ClipOrderingUnsorted, m.window, 0, 0, nil)
		},
		"taken aside": func(m *Mark) { composite.RedirectWindow(x, m.window, composite.RedirectManual) },
		"unmapped":    func(m *Mark) { xproto.UnmapWindow(x, m.window) },
	}
	for name, harm := range harms {
		m := mark(t, d)
		until(t, "proven before", m.Prove)
		until(t, "not proven although it was "+name, func() bool { // an exposure of its beginning may paint it anew
			harm(m)
			x.Sync()
			return !m.Prove()
		})
		m.Close()
	}
}

// A window that a compositor takes aside is what it draws: the mark is proven.
func TestProvenUnderACompositor(t *testing.T) {
	d, _ := xvfb(t)
	m, x := mark(t, d), other(t, d)
	if err := composite.Init(x); err != nil {
		t.Fatal(err)
	}
	root := xproto.Setup(x).DefaultScreen(x).Root
	xproto.SetSelectionOwner(x, window(t, x, 0, 0, 1, 1), m.manager, xproto.TimeCurrentTime)
	if err := composite.RedirectSubwindowsChecked(x, root, composite.RedirectManual).Check(); err != nil {
		t.Fatal(err)
	}
	until(t, "the mark is proven", m.Prove)
}

func TestDisplayGone(t *testing.T) {
	if _, err := Open(":9999", ""); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("no display: %v", err)
	}
	d, p := xvfb(t)
	m := mark(t, d)
	p.Kill()
	select {
	case <-m.Lost():
	case <-time.After(patience):
		t.Fatal("a dead display is no loss")
	}
	if m.Prove() || !errors.Is(m.Show(Face{State: "off"}), ErrClosed) {
		t.Error("a mark lives on a dead display")
	}
}
