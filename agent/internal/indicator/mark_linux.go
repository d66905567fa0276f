package indicator

import (
	"bytes"
	"io"
	"log"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// xgb writes its own worries to stderr; ours are errors that a caller sees.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }

// raiseEvery is the least time between two raises: a window that covers the mark again sooner is not fought.
const raiseEvery = 200 * time.Millisecond

// Mark is the mark on one display. Its methods may be called from any goroutine.
type Mark struct {
	x       *xgb.Conn
	screen  *xproto.ScreenInfo
	window  xproto.Window
	gc      xproto.Gcontext
	aside   xproto.Pixmap // the name of the window's pixels while somebody takes them aside, to ask whether anybody does
	opacity xproto.Atom   // the name of what a compositor reads
	manager xproto.Atom   // the selection that a compositor owns
	file    string        // remembers the place; "" remembers nothing
	lost    chan struct{}
	ended   chan struct{}

	mu       sync.Mutex
	face     Face
	picture  picture
	mapped   bool
	hidden   bool // covered, wholly or in part, as the last VisibilityNotify said
	raised   time.Time
	closed   bool
	haveLost bool // lost was told and the mark has not been whole since
	spot     spot
	drag     drag
	touches  touches
}

// Open connects to the display and makes the mark; Show maps it. Where the person drags it to is remembered in file ("": not).
func Open(display, file string) (*Mark, error) {
	x, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, ErrNoDisplay
	}
	m := &Mark{x: x, file: file, spot: readSpot(file), lost: make(chan struct{}, 1), ended: make(chan struct{})}
	m.screen = xproto.Setup(x).DefaultScreen(x)
	if err := m.create(); err != nil {
		x.Close()
		return nil, err
	}
	go m.run()
	return m, nil
}

// Lost tells that the mark cannot be seen any more: covered again at once after a raise, unmapped by another client,
// or its display gone. It is told once per loss; then Prove is false until the mark is whole again.
func (m *Mark) Lost() <-chan struct{} { return m.lost }

// Close removes the mark and waits for its goroutine. Closing twice is fine.
func (m *Mark) Close() {
	m.mu.Lock()
	if !m.closed {
		m.closed = true
		m.x.Close()
	}
	m.mu.Unlock()
	<-m.ended
}

// Show draws a face and maps the mark; when it returns nil the display has done it. The same face again costs nothing.
func (m *Mark) Show(f Face) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	if f == m.face && m.mapped {
		return nil
	}
	p := draw(f)
	if err := m.place(p); err != nil {
		return err
	}
	m.face, m.picture, m.mapped = f, p, true
	return nil
}

// Prove asks the display whether the mark is mapped, wholly uncovered, inside a monitor, of the right size and really
// painted. One false answer is enough for false. A mark
// that lost a fight for the top is raised again here. It is a few round trips.
func (m *Mark) Prove() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed || !m.mapped {
		return false
	}
	if m.hidden && time.Since(m.raised) >= raiseEvery {
		m.raise()
		return false
	}
	p := &m.picture
	attr := xproto.GetWindowAttributes(m.x, m.window)
	geo := xproto.GetGeometry(m.x, xproto.Drawable(m.window))
	pos := xproto.TranslateCoordinates(m.x, m.window, m.screen.Root, 0, 0)
	a, err1 := attr.Reply()
	g, err2 := geo.Reply()
	at, err3 := pos.Reply()
	if err1 != nil || err2 != nil || err3 != nil || a.MapState != xproto.MapStateViewable || int(g.Width) != p.w || int(g.Height) != p.h {
		return false
	}
	if !m.onMonitor(int(at.DstX), int(at.DstY)) {
		m.move() // a monitor went, or another client moved the mark
		return false
	}
	return m.isShaped() && m.isOpaque() && m.isOnTop() && m.isPainted() && m.isOnScreen()
}

// isPainted compares the window, as the server gives it, with what was drawn. The server gives black where another window covers it.
func (m *Mark) isPainted() bool {
	p := &m.picture
	r, err := xproto.GetImage(m.x, xproto.ImageFormatZPixmap, xproto.Drawable(m.window), 0, 0, uint16(p.w), uint16(p.h), ^uint32(0)).Reply()
	if err != nil || len(r.Data) < len(p.pix) {
		return false
	}
	for i, drawn := range p.mask {
		if drawn && !bytes.Equal(p.pix[i*4:i*4+3], r.Data[i*4:i*4+3]) {
			return false
		}
	}
	return true
}

// run reads the display's events until it ends.
func (m *Mark) run() {
	defer close(m.ended)
	for {
		e, err := m.x.WaitForEvent()
		if e == nil && err == nil {
			m.mu.Lock()
			m.closed = true
			m.lose()
			m.mu.Unlock()
			return
		}
		m.mu.Lock()
		m.handle(e)
		m.mu.Unlock()
	}
}

func (m *Mark) handle(e xgb.Event) {
	switch e := e.(type) {
	case xproto.ExposeEvent:
		if e.Count == 0 {
			m.paint()
		}
	case xproto.VisibilityNotifyEvent:
		m.hidden = e.State != xproto.VisibilityUnobscured
		if m.hidden {
			m.raise()
		} else {
			m.haveLost = false
		}
	case xproto.ButtonPressEvent:
		m.pressed(e)
	case xproto.MotionNotifyEvent:
		m.dragged(e)
	case xproto.ButtonReleaseEvent:
		m.released(e)
	case xproto.ConfigureNotifyEvent:
		if e.Window == m.screen.Root {
			m.move() // the screen got another size
		}
	case xproto.UnmapNotifyEvent:
		m.mapped = false
		m.lose()
	case xproto.DestroyNotifyEvent:
		m.closed, m.mapped = true, false // it cannot be mapped again: whoever wants a mark opens another
		m.x.Close()
		m.lose()
	}
}

// raise puts the mark on top, unless it was just raised: then somebody fights it, and that is told instead.
func (m *Mark) raise() {
	now := time.Now()
	if !m.raised.IsZero() && now.Sub(m.raised) < raiseEvery {
		m.lose()
		return
	}
	m.raised = now
	xproto.ConfigureWindow(m.x, m.window, xproto.ConfigWindowStackMode, []uint32{xproto.StackModeAbove})
}

// lose tells the loss once.
func (m *Mark) lose() {
	if m.haveLost {
		return
	}
	m.haveLost = true
	select {
	case m.lost <- struct{}{}:
	default:
	}
}
