package indicator

import (
	"fmt"
	"image"
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/composite"
	"github.com/jezek/xgb/randr"
	"github.com/jezek/xgb/shape"
	"github.com/jezek/xgb/xproto"
)

// extension makes an extension known to xgb for this connection alone: xgb's own Init writes to maps that the readers
// of other connections read without a lock.
func extension(x *xgb.Conn, name string) bool {
	r, err := xproto.QueryExtension(x, uint16(len(name)), name).Reply()
	if err != nil || !r.Present {
		return false
	}
	x.ExtLock.Lock()
	x.Extensions[name] = r.MajorOpcode
	x.ExtLock.Unlock()
	return true
}

// create makes the unmapped window: override-redirect, so that no window manager gives it focus, frame or stacking.
func (m *Mark) create() error {
	if !extension(m.x, "SHAPE") {
		return fmt.Errorf("%w (it lacks the extension SHAPE)", ErrNoDisplay)
	}
	extension(m.x, "RANDR")
	extension(m.x, "Composite")
	for name, to := range map[string]*xproto.Atom{"_NET_WM_WINDOW_OPACITY": &m.opacity, fmt.Sprintf("_NET_WM_CM_S%d", m.x.DefaultScreen): &m.manager} {
		atom, err := xproto.InternAtom(m.x, false, uint16(len(name)), name).Reply()
		if err != nil {
			return ErrNoDisplay
		}
		*to = atom.Atom
	}
	var err error
	if m.window, err = xproto.NewWindowId(m.x); err != nil {
		return ErrNoDisplay
	}
	if m.gc, err = xproto.NewGcontextId(m.x); err != nil {
		return ErrNoDisplay
	}
	if m.aside, err = xproto.NewPixmapId(m.x); err != nil {
		return ErrNoDisplay
	}
	err = xproto.CreateWindowChecked(m.x, m.screen.RootDepth, m.window, m.screen.Root, 0, 0, side, side, 0,
		xproto.WindowClassInputOutput, m.screen.RootVisual, xproto.CwBackPixel|xproto.CwOverrideRedirect|xproto.CwEventMask,
		[]uint32{0, 1, xproto.EventMaskExposure | xproto.EventMaskVisibilityChange | xproto.EventMaskStructureNotify |
			xproto.EventMaskButtonPress | xproto.EventMaskButtonRelease | xproto.EventMaskButton1Motion}).Check()
	if err != nil {
		return fmt.Errorf("%w (it makes no window)", ErrNoDisplay)
	}
	xproto.CreateGC(m.x, m.gc, xproto.Drawable(m.window), 0, nil)
	xproto.ChangeWindowAttributes(m.x, m.screen.Root, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify})
	class := []byte(Class + "\x00" + Class + "\x00")
	xproto.ChangeProperty(m.x, xproto.PropModeReplace, m.window, xproto.AtomWmClass, xproto.AtomString, 8, uint32(len(class)), class)
	xproto.ChangeProperty(m.x, xproto.PropModeReplace, m.window, xproto.AtomWmName, xproto.AtomString, 8, uint32(len(Class)), []byte(Class))
	return nil
}

// place gives the window the size, shape and pixels of p where the person put it, and maps it on top. It takes the pointer
// on what is drawn and lets the rest through.
func (m *Mark) place(p picture) error {
	m.picture = p
	at := m.spot.on(m.monitors(), m.desk(), p.w)
	xproto.ConfigureWindow(m.x, m.window, xproto.ConfigWindowX|xproto.ConfigWindowY|xproto.ConfigWindowWidth|
		xproto.ConfigWindowHeight|xproto.ConfigWindowStackMode,
		[]uint32{uint32(int32(at.X)), uint32(int32(at.Y)), uint32(p.w), uint32(p.h), xproto.StackModeAbove})
	runs := p.rows()
	rects := make([]xproto.Rectangle, len(runs))
	for i, r := range runs {
		rects[i] = xproto.Rectangle{X: int16(r.x), Y: int16(r.y), Width: uint16(r.w), Height: 1}
	}
	shape.Rectangles(m.x, shape.SoSet, shape.SkBounding, xproto.ClipOrderingYXBanded, m.window, 0, 0, rects)
	shape.Rectangles(m.x, shape.SoSet, shape.SkInput, xproto.ClipOrderingYXBanded, m.window, 0, 0, rects)
	xproto.MapWindow(m.x, m.window)
	m.paint()
	if _, err := xproto.GetInputFocus(m.x).Reply(); err != nil {
		return ErrClosed
	}
	return nil
}

// paint puts the pixels into the window.
func (m *Mark) paint() {
	p := &m.picture
	if len(p.pix) == 0 {
		return
	}
	xproto.PutImage(m.x, xproto.ImageFormatZPixmap, xproto.Drawable(m.window), m.gc, uint16(p.w), uint16(p.h), 0, 0, 0, m.screen.RootDepth, p.pix)
}

// monitors are the places of the monitors, the primary first; never none.
func (m *Mark) monitors() []image.Rectangle {
	out := []image.Rectangle{image.Rect(0, 0, int(m.screen.WidthInPixels), int(m.screen.HeightInPixels))}
	if g, err := xproto.GetGeometry(m.x, xproto.Drawable(m.screen.Root)).Reply(); err == nil {
		out[0] = image.Rect(0, 0, int(g.Width), int(g.Height)) // what Setup tells is the size of long ago
	}
	m.x.ExtLock.RLock()
	_, ok := m.x.Extensions["RANDR"]
	m.x.ExtLock.RUnlock()
	if !ok {
		return out
	}
	r, err := randr.GetMonitors(m.x, m.screen.Root, true).Reply()
	if err != nil || len(r.Monitors) == 0 {
		return out
	}
	out = out[:0]
	for _, i := range r.Monitors {
		at := image.Rect(0, 0, int(i.Width), int(i.Height)).Add(image.Pt(int(i.X), int(i.Y)))
		if i.Primary {
			out = append([]image.Rectangle{at}, out...)
		} else {
			out = append(out, at)
		}
	}
	return out
}

// desk is the part of the screen that panels leave free; empty if no window manager tells it.
func (m *Mark) desk() image.Rectangle {
	const name = "_NET_WORKAREA"
	atom, err := xproto.InternAtom(m.x, true, uint16(len(name)), name).Reply()
	if err != nil || atom.Atom == 0 {
		return image.Rectangle{}
	}
	r, err := xproto.GetProperty(m.x, false, m.screen.Root, atom.Atom, xproto.AtomCardinal, 0, 4).Reply()
	if err != nil || r.Format != 32 || len(r.Value) < 16 {
		return image.Rectangle{}
	}
	x, y, w, h := xgb.Get32(r.Value), xgb.Get32(r.Value[4:]), xgb.Get32(r.Value[8:]), xgb.Get32(r.Value[12:])
	return image.Rect(int(int16(x)), int(int16(y)), int(int16(x))+int(uint16(w)), int(int16(y))+int(uint16(h)))
}

// onMonitor tells whether the whole mark lies on one monitor when it is at x, y.
func (m *Mark) onMonitor(x, y int) bool {
	whole := image.Rect(x, y, x+m.picture.w, y+m.picture.h)
	return slices.ContainsFunc(m.monitors(), whole.In)
}

// isShaped tells whether the window's outline is still the drawn one: another client could have cut it to nothing.
func (m *Mark) isShaped() bool {
	r, err := shape.GetRectangles(m.x, m.window, shape.SkBounding).Reply()
	if err != nil {
		return false
	}
	area, want := 0, 0
	for _, q := range r.Rectangles {
		area += int(q.Width) * int(q.Height)
	}
	for _, q := range m.picture.rows() {
		want += q.w
	}
	return area == want
}

// isOnScreen tells whether what is drawn goes to the screen, and not aside: any client can take a window's pixels aside and show them to nobody. That is
// what a compositor does, who then draws them itself; where there is none, nobody does.
func (m *Mark) isOnScreen() bool {
	owner, err := xproto.GetSelectionOwner(m.x, m.manager).Reply()
	if err != nil || owner.Owner != 0 {
		return err == nil
	}
	m.x.ExtLock.RLock()
	_, ok := m.x.Extensions["Composite"]
	m.x.ExtLock.RUnlock()
	if !ok {
		return true
	}
	if composite.NameWindowPixmapChecked(m.x, m.window, m.aside).Check() != nil {
		return true // it is not redirected
	}
	xproto.FreePixmap(m.x, m.aside)
	return false
}

// isOpaque tells whether no other client has asked a compositor to draw the window pale, or not at all: the server's own picture of it does not
// tell. What was asked is taken back.
func (m *Mark) isOpaque() bool {
	r, err := xproto.GetProperty(m.x, true, m.window, m.opacity, xproto.GetPropertyTypeAny, 0, 1).Reply()
	return err == nil && r.Format == 0
}

// isOnTop looks at the stack: no window over the mark may meet its rectangle. VisibilityNotify says the same, but a
// compositor silences it.
func (m *Mark) isOnTop() bool {
	tree, err := xproto.QueryTree(m.x, m.screen.Root).Reply()
	if err != nil {
		return false
	}
	own, err := xproto.GetGeometry(m.x, xproto.Drawable(m.window)).Reply()
	if err != nil {
		return false
	}
	for i := len(tree.Children) - 1; i >= 0; i-- {
		if tree.Children[i] == m.window {
			return !m.hidden
		}
		if m.covers(tree.Children[i], own) {
			return false
		}
	}
	return false
}

// covers tells whether a window above the mark hides a part of it.
func (m *Mark) covers(w xproto.Window, own *xproto.GetGeometryReply) bool {
	attr := xproto.GetWindowAttributes(m.x, w)
	geo := xproto.GetGeometry(m.x, xproto.Drawable(w))
	a, err1 := attr.Reply()
	g, err2 := geo.Reply()
	if err1 != nil || err2 != nil || a.MapState != xproto.MapStateViewable || a.Class != xproto.WindowClassInputOutput {
		return false
	}
	border := 2 * int(g.BorderWidth)
	return int(g.X) < int(own.X)+int(own.Width) && int(own.X) < int(g.X)+int(g.Width)+border &&
		int(g.Y) < int(own.Y)+int(own.Height) && int(own.Y) < int(g.Y)+int(g.Height)+border
}
