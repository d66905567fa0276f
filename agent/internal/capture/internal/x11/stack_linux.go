package x11

import (
	"errors"
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xproto"
)

var errGone = errors.New("x11: the window is gone")

// popup is a menu, drop-down or tooltip of the watched window: override-redirect, of the same X client, a child of the
// root, in stacking order from the lowest.
type popup struct {
	window xproto.Window
	rect   raw.Rect // inside of its border, screen pixels
	above  bool     // over the watched window, not under it
}

// shaped takes in that some window was made, moved, mapped or destroyed, and tells whether the watched window, its frame or a
// window of its client on the screen was.
func (s *Server) shaped(e *event) bool {
	w := &s.watch
	from, win := xproto.Window(e.word(4)), xproto.Window(e.word(8)) // who tells, and of whom; CreateNotify alike
	if from != s.pic.root && from != win {
		s.insideChanged(e)
		return false
	}
	switch {
	case e.code() == evCreate:
		return false // not mapped yet
	case win == w.window, win == w.frame, win == s.pic.root, s.sameClient(win, w.window):
		return true
	}
	w.stack++
	return false
}

// restructure reads the structure again and tells of the change.
func (s *Server) restructure() {
	if err := s.readStructure(); err != nil {
		s.disarm()
	} else {
		s.changed()
	}
	f := &s.focus.now
	if f.Window == uint32(s.watch.window) {
		f.Popups = len(s.watch.popups) > 0
	}
	told := *f
	s.emit(Event{Kind: GeometryChanged, Time: s.watch.painted, Window: uint32(s.watch.window), Focus: &told})
}

// readStructure finds the frame, the place and the popups of the watched window.
func (s *Server) readStructure() error {
	w := &s.watch
	frame, err := s.frameOf(w.window)
	if err != nil {
		return err
	}
	w.frame = frame
	if w.rect, err = place(s.pic, w.window); err != nil {
		return err
	}
	g, err := xproto.GetGeometry(s.pic.Conn, xproto.Drawable(s.pic.root)).Reply()
	if err != nil {
		return errGone
	}
	w.screen = raw.Rect{W: int(g.Width), H: int(g.Height)}
	if err := s.readPopups(); err != nil {
		return err
	}
	s.lookAnew()
	return nil
}

// frameOf is the ancestor of win that is a child of the root.
func (s *Server) frameOf(win xproto.Window) (xproto.Window, error) {
	for range 16 {
		tree, err := xproto.QueryTree(s.pic.Conn, win).Reply()
		if err != nil || tree.Parent == 0 {
			return 0, errGone
		}
		if tree.Parent == s.pic.root {
			return win, nil
		}
		win = tree.Parent
	}
	return 0, errGone
}

// place is the inside of a window in screen pixels.
func place(c *conn, win xproto.Window) (raw.Rect, error) {
	geo := xproto.GetGeometry(c.Conn, xproto.Drawable(win))
	pos := xproto.TranslateCoordinates(c.Conn, win, c.root, 0, 0)
	return placed(geo, pos)
}

func placed(geo xproto.GetGeometryCookie, pos xproto.TranslateCoordinatesCookie) (raw.Rect, error) {
	g, err := geo.Reply()
	p, err2 := pos.Reply()
	if err != nil || err2 != nil {
		return raw.Rect{}, errGone
	}
	return raw.Rect{X: int(p.DstX), Y: int(p.DstY), W: int(g.Width), H: int(g.Height)}, nil
}

// readPopups finds the popups of the watched window, and watches their paints.
func (s *Server) readPopups() error {
	w := &s.watch
	tree, err := xproto.QueryTree(s.pic.Conn, s.pic.root).Reply()
	if err != nil {
		return errGone
	}
	var found []popup
	above := false
	for _, c := range tree.Children {
		above = above || c == w.frame
		if c == w.frame || c == w.window || !s.sameClient(c, w.window) {
			continue
		}
		if r, ok := s.ownPopup(c, found); ok {
			found = append(found, popup{c, r, above})
		}
	}
	w.popups = found
	for _, p := range found {
		s.addDamage(p.window)
	}
	for win, id := range w.damages {
		if win != w.window && !slices.ContainsFunc(found, func(p popup) bool { return p.window == win }) {
			damage.Destroy(s.pic.Conn, id) // in vain if the window took it along; nobody waits for that error
			delete(w.damages, win)
		}
	}
	return nil
}

// ownPopup tells whether a window of the same client is a popup of the watched window, and where. A property alone
// proves nothing; it only says which of the client's windows the popup belongs to.
func (s *Server) ownPopup(win xproto.Window, others []popup) (raw.Rect, bool) {
	c := s.pic
	attr := xproto.GetWindowAttributes(c.Conn, win)
	owner := c.property(win, "WM_TRANSIENT_FOR", 4)
	kind := c.property(win, "_NET_WM_WINDOW_TYPE", 64)
	geo := xproto.GetGeometry(c.Conn, xproto.Drawable(win))
	pos := xproto.TranslateCoordinates(c.Conn, win, c.root, 0, 0)
	r, errPlace := placed(geo, pos)
	of, types := words(owner.Reply()), words(kind.Reply())
	a, err := attr.Reply()
	if err != nil || errPlace != nil || !a.OverrideRedirect || a.Class != xproto.WindowClassInputOutput ||
		a.MapState != xproto.MapStateViewable {
		return raw.Rect{}, false
	}
	if len(of) == 1 && of[0] != 0 && xproto.Window(of[0]) != c.root {
		o := xproto.Window(of[0])
		return r, o == s.watch.window || slices.ContainsFunc(others, func(p popup) bool { return p.window == o })
	}
	return r, slices.ContainsFunc(types, c.isMenuType)
}

func (c *conn) isMenuType(atom uint32) bool {
	switch xproto.Atom(atom) {
	case c.atoms["_NET_WM_WINDOW_TYPE_MENU"], c.atoms["_NET_WM_WINDOW_TYPE_POPUP_MENU"],
		c.atoms["_NET_WM_WINDOW_TYPE_DROPDOWN_MENU"], c.atoms["_NET_WM_WINDOW_TYPE_COMBO"], c.atoms["_NET_WM_WINDOW_TYPE_TOOLTIP"]:
		return true
	}
	return false
}

// isTooltip tells whether a window says that it is a tooltip.
func (s *Server) isTooltip(win xproto.Window) bool {
	types := words(s.ctl.property(win, "_NET_WM_WINDOW_TYPE", 64).Reply())
	return slices.Contains(types, uint32(s.ctl.atoms["_NET_WM_WINDOW_TYPE_TOOLTIP"]))
}

// Owns tells whether the topmost window at a screen pixel, now, is the window (its visible inside) or, for the watched
// window, one of its own popups; not a window of another client inside them. Call it when the event arrives.
func (s *Server) Owns(window uint32, x, y int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handlePicture(nil)
	if uint32(s.watch.window) == window && (!s.lookInside() || s.watch.inside.covered(x, y)) {
		return false
	}
	c := s.pic
	at := c.root
	for range 16 {
		r, err := xproto.TranslateCoordinates(c.Conn, c.root, at, int16(x), int16(y)).Reply()
		if err != nil || r.Child == 0 {
			return false
		}
		at = r.Child
		if uint32(at) == window {
			return true
		}
		if uint32(s.watch.window) == window && slices.ContainsFunc(s.watch.popups, func(p popup) bool { return p.window == at }) {
			return true
		}
	}
	return false
}
