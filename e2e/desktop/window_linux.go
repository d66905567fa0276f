package desktop

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"log"
	"strings"
	"sync"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// background is the colour of the empty desktop: black would hide that a window's pixel is absent.
const background = 0x2f5d7c

// Window is a managed window as the window manager and its client tell.
type Window struct {
	ID       uint32
	Instance string // WM_CLASS, first part
	Class    string // WM_CLASS, second part
	Title    string
	PID      int
}

// conn is the driver's own connection to the display.
type conn struct {
	x    *xgb.Conn
	root xproto.Window

	mu    sync.Mutex
	atoms map[string]xproto.Atom
}

// The X library logs every connection. Set once, before any: its goroutines read it.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }

// connect opens the driver's connection. The root window of a display that is ours gets its colour, and no key of it repeats: on a busy
// machine one stays down for as long as the hand waits for a processor, and the server would type for it.
func (d *Desktop) connect() error {
	x, err := xgb.NewConnDisplay(d.display)
	if err != nil {
		return fmt.Errorf("desktop: display %s: %w", d.display, err)
	}
	c := &conn{x: x, root: xproto.Setup(x).DefaultScreen(x).Root, atoms: map[string]xproto.Atom{}}
	d.mu.Lock()
	d.conn = c
	d.mu.Unlock()
	if d.opt.Display != "" {
		return nil
	}
	if err := xproto.ChangeKeyboardControlChecked(x, xproto.KbAutoRepeatMode, []uint32{xproto.AutoRepeatModeOff}).Check(); err != nil {
		return fmt.Errorf("desktop: the keyboard: %w", err)
	}
	if err := xproto.ChangeWindowAttributesChecked(x, c.root, xproto.CwBackPixel, []uint32{background}).Check(); err != nil {
		return fmt.Errorf("desktop: root colour: %w", err)
	}
	return xproto.ClearAreaChecked(x, false, c.root, 0, 0, 0, 0).Check()
}

func (c *conn) close() {
	if c != nil {
		c.x.Close()
	}
}

var errNoDisplay = errors.New("desktop: the display is gone")

func (d *Desktop) link() (*conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		return nil, errNoDisplay
	}
	return d.conn, nil
}

// Windows lists the managed windows, bottom first.
func (d *Desktop) Windows() ([]Window, error) {
	c, err := d.link()
	if err != nil {
		return nil, err
	}
	var out []Window
	for _, id := range c.words(c.root, "_NET_CLIENT_LIST_STACKING") {
		out = append(out, c.describe(id))
	}
	return out, nil
}

// Active is the window that the window manager calls active; ok is false if there is none.
func (d *Desktop) Active() (w Window, ok bool) {
	c, err := d.link()
	if err != nil {
		return Window{}, false
	}
	if ids := c.words(c.root, "_NET_ACTIVE_WINDOW"); len(ids) == 1 && ids[0] != 0 {
		return c.describe(ids[0]), true
	}
	return Window{}, false
}

// WaitWindow waits for a managed window that match accepts.
func (d *Desktop) WaitWindow(ctx context.Context, what string, match func(Window) bool) (found Window, err error) {
	err = Until(ctx, what, func() bool {
		all, err := d.Windows()
		if err != nil {
			return false
		}
		for _, w := range all {
			if match(w) {
				found = w
				return true
			}
		}
		return false
	})
	return found, err
}

// OfProcess matches windows whose client says that it is process pid.
func OfProcess(pid int) func(Window) bool { return func(w Window) bool { return w.PID == pid } }

// Geometry is the client area of a window in screen pixels (without the window manager's decorations).
func (d *Desktop) Geometry(id uint32) (image.Rectangle, error) {
	c, err := d.link()
	if err != nil {
		return image.Rectangle{}, err
	}
	w := xproto.Window(id)
	g, err := xproto.GetGeometry(c.x, xproto.Drawable(w)).Reply()
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("desktop: window %#x: %w", id, err)
	}
	p, err := xproto.TranslateCoordinates(c.x, w, c.root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}, fmt.Errorf("desktop: window %#x: %w", id, err)
	}
	return image.Rect(int(p.DstX), int(p.DstY), int(p.DstX)+int(g.Width), int(p.DstY)+int(g.Height)), nil
}

// askAgain is when a window manager is asked again to activate a window. A program that takes the focus for a click which came just
// before can take it back from the window that was asked for.
const askAgain = 2 * time.Second

// Focus asks the window manager to activate and raise the window, and waits until it is active.
func (d *Desktop) Focus(ctx context.Context, id uint32) error {
	for {
		if err := d.ask(id, "_NET_ACTIVE_WINDOW", 2, 0, 0); err != nil {
			return err
		}
		once, cancel := context.WithTimeout(ctx, askAgain)
		err := Until(once, "the focus", func() bool { w, ok := d.Active(); return ok && w.ID == id })
		cancel()
		if err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// CloseWindow asks the window manager to close the window and waits until it is no longer managed.
func (d *Desktop) CloseWindow(ctx context.Context, id uint32) error {
	if err := d.ask(id, "_NET_CLOSE_WINDOW", 0, 2); err != nil {
		return err
	}
	return d.WaitGone(ctx, id)
}

// WaitGone waits until the window is no longer managed.
func (d *Desktop) WaitGone(ctx context.Context, id uint32) error {
	return Until(ctx, "the window to close", func() bool {
		all, err := d.Windows()
		if err != nil {
			return false
		}
		for _, w := range all {
			if w.ID == id {
				return false
			}
		}
		return true
	})
}

// Place moves and resizes a window so that its client area is r (gravity static), and waits until it is.
func (d *Desktop) Place(ctx context.Context, id uint32, r image.Rectangle) error {
	const static, fromPager = 10, 2 << 12
	flags := uint32(static | 1<<8 | 1<<9 | 1<<10 | 1<<11 | fromPager)
	if err := d.ask(id, "_NET_MOVERESIZE_WINDOW", flags, uint32(r.Min.X), uint32(r.Min.Y), uint32(r.Dx()), uint32(r.Dy())); err != nil {
		return err
	}
	return Until(ctx, "the window to take its place", func() bool { g, err := d.Geometry(id); return err == nil && g == r })
}

// Screen is a picture of the whole screen as a person sees it.
func (d *Desktop) Screen() (*image.RGBA, error) {
	c, err := d.link()
	if err != nil {
		return nil, err
	}
	g, err := xproto.GetGeometry(c.x, xproto.Drawable(c.root)).Reply()
	if err != nil {
		return nil, fmt.Errorf("desktop: screen: %w", err)
	}
	w, h := int(g.Width), int(g.Height)
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	const rows = 64 // one reply stays far below the largest message
	for y := 0; y < h; y += rows {
		n := min(rows, h-y)
		rep, err := xproto.GetImage(c.x, xproto.ImageFormatZPixmap, xproto.Drawable(c.root), 0, int16(y), g.Width, uint16(n), ^uint32(0)).Reply()
		if err != nil {
			return nil, fmt.Errorf("desktop: screen: %w", err)
		}
		for i := 0; i+3 < len(rep.Data) && i/4 < w*n; i += 4 {
			img.SetRGBA(i/4%w, y+i/4/w, color.RGBA{rep.Data[i+2], rep.Data[i+1], rep.Data[i], 255})
		}
	}
	return img, nil
}

// Popups are where the windows lie that are seen and that no window manager manages: menus and tooltips.
func (d *Desktop) Popups() (all []image.Rectangle, err error) {
	c, err := d.link()
	if err != nil {
		return nil, err
	}
	tree, err := xproto.QueryTree(c.x, c.root).Reply()
	if err != nil {
		return nil, fmt.Errorf("desktop: list the windows: %w", err)
	}
	for _, w := range tree.Children {
		a, err := xproto.GetWindowAttributes(c.x, w).Reply()
		if err != nil || !a.OverrideRedirect || a.MapState != xproto.MapStateViewable || a.Class != xproto.WindowClassInputOutput {
			continue // or it is gone meanwhile
		}
		if g, err := xproto.GetGeometry(c.x, xproto.Drawable(w)).Reply(); err == nil {
			all = append(all, image.Rect(0, 0, int(g.Width), int(g.Height)).Add(image.Pt(int(g.X), int(g.Y))))
		}
	}
	return all, nil
}

// hasWM follows EWMH: the root names a window, which names itself.
func (d *Desktop) hasWM() bool {
	c, err := d.link()
	if err != nil {
		return false
	}
	ids := c.words(c.root, "_NET_SUPPORTING_WM_CHECK")
	if len(ids) != 1 {
		return false
	}
	self := c.words(xproto.Window(ids[0]), "_NET_SUPPORTING_WM_CHECK")
	return len(self) == 1 && self[0] == ids[0]
}

// ask sends an EWMH client message about a window to the root.
func (d *Desktop) ask(id uint32, kind string, data ...uint32) error {
	c, err := d.link()
	if err != nil {
		return err
	}
	words := make([]uint32, 5)
	copy(words, data)
	ev := xproto.ClientMessageEvent{Format: 32, Window: xproto.Window(id), Type: c.atom(kind), Data: xproto.ClientMessageDataUnionData32New(words)}
	mask := uint32(xproto.EventMaskSubstructureNotify | xproto.EventMaskSubstructureRedirect)
	if err := xproto.SendEventChecked(c.x, false, c.root, mask, string(ev.Bytes())).Check(); err != nil {
		return fmt.Errorf("desktop: %s: %w", kind, err)
	}
	return nil
}

func (c *conn) describe(id uint32) Window {
	w := Window{ID: id, Title: c.title(id)}
	if parts := strings.Split(string(c.bytes(xproto.Window(id), "WM_CLASS")), "\x00"); len(parts) >= 2 {
		w.Instance, w.Class = parts[0], parts[1]
	}
	if pid := c.words(xproto.Window(id), "_NET_WM_PID"); len(pid) == 1 {
		w.PID = int(pid[0])
	}
	return w
}

func (c *conn) title(id uint32) string {
	if b := c.bytes(xproto.Window(id), "_NET_WM_NAME"); len(b) > 0 {
		return string(b)
	}
	return string(c.bytes(xproto.Window(id), "WM_NAME"))
}

func (c *conn) words(w xproto.Window, name string) []uint32 {
	b := c.bytes(w, name)
	out := make([]uint32, 0, len(b)/4)
	for ; len(b) >= 4; b = b[4:] {
		out = append(out, binary.LittleEndian.Uint32(b))
	}
	return out
}

// bytes reads a property; a window that is gone has none.
func (c *conn) bytes(w xproto.Window, name string) []byte {
	r, err := xproto.GetProperty(c.x, false, w, c.atom(name), xproto.GetPropertyTypeAny, 0, 1<<16).Reply()
	if err != nil || r == nil {
		return nil
	}
	return r.Value
}

func (c *conn) atom(name string) xproto.Atom {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.atoms[name]; ok {
		return a
	}
	r, err := xproto.InternAtom(c.x, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0
	}
	c.atoms[name] = r.Atom
	return r.Atom
}
