package x11

import (
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/xproto"
)

// mostInside bounds the windows inside the watched one that are followed. With more there is no picture.
const mostInside = 4096

// inside is what is known of the windows inside the watched window and its popups. The server gives a window's picture with all
// windows inside it, also those of other clients (XEmbed, or somebody's who made a child of it): those must be blacked out.
//
// Of each window of the watched client the events of its children are selected before its children are asked for, on the
// connection that grabs. So every window that another client has in there is either in an answer, or in an event that comes
// before the picture's reply: a picture is kept only if known holds after that reply. While nothing changes, nothing is asked.
type inside struct {
	look    []piece                         // of the client, not looked into yet
	follows map[xproto.Window]xproto.Window // windows of the client that tell of their children, and where they lie in
	told    map[xproto.Window]struct{}      // all whose events were selected and that may still be there
	foreign []piece                         // their children that another client made
	hidden  []hidden                        // what of the screen those cover
	moved   bool                            // hidden must be read again
	full    bool                            // too many
}

// piece is a window inside root, which is the watched window or a popup of it.
type piece struct{ window, root xproto.Window }

// hidden is an area of the screen that must not be in the picture of root.
type hidden struct {
	root xproto.Window
	rect raw.Rect
}

// known tells whether hidden is all that other clients have in there.
func (in *inside) known() bool { return len(in.look) == 0 && !in.moved && !in.full }

// covered tells whether another client's window inside lies at a screen pixel.
func (in *inside) covered(x, y int) bool {
	return slices.ContainsFunc(in.hidden, func(h hidden) bool { return !empty(meet(h.rect, raw.Rect{X: x, Y: y, W: 1, H: 1})) })
}

// lookAnew forgets what is known: the next picture waits until all is asked again.
func (s *Server) lookAnew() {
	w := &s.watch
	if len(w.inside.told) > mostInside {
		s.leaveInside()
	}
	told := w.inside.told
	if told == nil {
		told = map[xproto.Window]struct{}{}
	}
	w.inside = inside{follows: map[xproto.Window]xproto.Window{}, told: told, look: []piece{{w.window, w.window}}, moved: true}
	for _, p := range w.popups {
		w.inside.look = append(w.inside.look, piece{p.window, p.window})
	}
}

// leaveInside ends the events of all windows inside.
func (s *Server) leaveInside() {
	for win := range s.watch.inside.told {
		if win != s.watch.window {
			xproto.ChangeWindowAttributes(s.pic.Conn, win, xproto.CwEventMask, []uint32{0})
		}
	}
	s.watch.inside.told = nil
}

// insideChanged takes in an event of a window inside.
func (s *Server) insideChanged(e *event) {
	in := &s.watch.inside
	parent, win := xproto.Window(e.word(4)), xproto.Window(e.word(8))
	root, ours := in.follows[parent]
	switch e.code() {
	case evCreate:
		if ours {
			in.add(piece{win, root}, s.sameClient(win, parent))
		}
	case evReparent:
		s.lookAnew()
	case evDestroy:
		delete(in.follows, win) // its number may be used again
		delete(in.told, win)
		in.moved = in.moved || len(in.foreign) > 0
	default:
		in.moved = in.moved || len(in.foreign) > 0
	}
}

// add takes in one more window.
func (in *inside) add(p piece, own bool) {
	switch _, ok := in.follows[p.window]; {
	case !own:
		if !slices.Contains(in.foreign, p) {
			in.foreign = append(in.foreign, p)
		}
		in.moved = true
	case !ok:
		in.look = append(in.look, p)
	}
	in.full = in.full || len(in.look)+len(in.follows)+len(in.foreign) > mostInside
}

// lookInside asks for what is not known yet; false if that cannot be known.
func (s *Server) lookInside() bool {
	w := &s.watch
	in := &w.inside
	for len(in.look) > 0 && !in.full {
		level := in.look
		in.look = nil
		trees := make([]xproto.QueryTreeCookie, len(level))
		for i, p := range level {
			mask := uint32(xproto.EventMaskSubstructureNotify)
			if p.window == w.window {
				mask |= xproto.EventMaskStructureNotify
			}
			xproto.ChangeWindowAttributes(s.pic.Conn, p.window, xproto.CwEventMask, []uint32{mask})
			in.told[p.window] = struct{}{}
			trees[i] = xproto.QueryTree(s.pic.Conn, p.window)
		}
		for i, p := range level {
			tree, err := trees[i].Reply()
			if err != nil {
				continue // it is gone, with all in it
			}
			in.follows[p.window] = p.root
			for _, win := range tree.Children {
				in.add(piece{win, p.root}, s.sameClient(win, w.window))
			}
		}
	}
	if in.moved && !in.full {
		in.moved = false
		s.readHidden()
	}
	return !in.full
}

// readHidden finds where the windows of other clients lie. It forgets those that are gone.
func (s *Server) readHidden() {
	c, in := s.pic, &s.watch.inside
	in.hidden = in.hidden[:0]
	attrs := make([]xproto.GetWindowAttributesCookie, len(in.foreign))
	geos := make([]xproto.GetGeometryCookie, len(in.foreign))
	places := make([]xproto.TranslateCoordinatesCookie, len(in.foreign))
	for i, p := range in.foreign {
		attrs[i] = xproto.GetWindowAttributes(c.Conn, p.window)
		geos[i] = xproto.GetGeometry(c.Conn, xproto.Drawable(p.window))
		places[i] = xproto.TranslateCoordinates(c.Conn, p.window, c.root, 0, 0)
	}
	var kept []piece
	for i, p := range in.foreign {
		a, err1 := attrs[i].Reply()
		g, err2 := geos[i].Reply()
		at, err3 := places[i].Reply()
		if err1 != nil || err2 != nil || err3 != nil {
			continue
		}
		kept = append(kept, p)
		if a.Class == xproto.WindowClassInputOutput && a.MapState == xproto.MapStateViewable {
			b := int(g.BorderWidth)
			in.hidden = append(in.hidden, hidden{p.root,
				raw.Rect{X: int(at.DstX) - b, Y: int(at.DstY) - b, W: int(g.Width) + 2*b, H: int(g.Height) + 2*b}})
		}
	}
	in.foreign = kept
}

// hideInside notes in each layer what windows of other clients inside it cover.
func (s *Server) hideInside(layers []layer) {
	for i := range layers {
		l := &layers[i]
		for _, h := range s.watch.inside.hidden {
			if r := meet(h.rect, l.rect); uint32(h.root) == l.window && !empty(r) {
				l.hidden = append(l.hidden, r)
			}
		}
	}
}
