package x11

import (
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
)

// grabMark asks handlePicture for the paints around a run of grabs: the last before the server handled request first, the first
// after it handled request last, and whether there was one between them.
type grabMark struct {
	begun       bool
	first, last uint16
	painted     uint32
	next        uint32
	over        bool
	torn        bool
	left        areas // what was painted after it handled request first
}

// see takes in a paint of an area at server time t, reported before the server handled the request after e's.
func (m *grabMark) see(seq uint16, t uint32, area raw.Rect) {
	if int16(seq-m.first) >= 0 {
		m.left.add(area)
	}
	switch {
	case int16(seq-m.first) < 0:
		m.painted = t
	case int16(seq-m.last) < 0:
		m.torn = true
	case !m.over:
		m.next, m.over = t, true
	}
}

// Why there is no picture, in plain words.
const (
	whyNotWatched = "window not watched"
	whyNotActive  = "window not active"
	whyMoving     = "window kept changing"
	whyUnseen     = "window not on screen"
	whyNoMemory   = "no shared memory"
	whyDepth      = "unknown pixel format"
	whyInside     = "too many windows inside"
	whyTooSoon    = "too soon after another"
	whyNoProof    = "no picture proven older than the press"
)

// grabTries is how often a grab is repeated when the window changed under it.
const grabTries = 3

// pressEvery is the shortest time between two grabs for presses. A slot may be given more often: it costs nothing.
const pressEvery = 100 * time.Millisecond

// Before is a picture of the watched window from before a press, for sure. Either a slot: all paints until now are known, and the
// slot holds each that came before the press and none that came later ("slot"). Or a grab made now, if the order of damage on the
// same connection proves that nothing was painted since the press ("damage"). Call it when the press arrives. Without a picture it
// says why. Age is how long before the press the server gave the picture.
func (s *Server) Before(window uint32, press uint32) (*raw.Shot, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.watch
	if s.closing || window == 0 || xproto.Window(window) != w.window {
		return nil, whyNotWatched
	}
	if !w.armed || !w.precise {
		return nil, whyNoProof
	}
	why, again := s.catchUp()
	if why != "" && !again {
		return nil, why
	}
	for _, sl := range w.slots {
		if why == "" && sl != nil && sl.shows(press) && sl.stands(w) {
			return s.give(sl, "slot", max(0, time.Duration(int32(press-sl.at))*time.Millisecond)), ""
		}
	}
	now := time.Now()
	if now.Sub(w.pressAt) < pressEvery {
		return nil, whyTooSoon
	}
	w.pressAt = now
	sl, why := s.renew()
	switch {
	case sl == nil:
		return nil, why
	case !sl.precise || !after(press, sl.painted):
		return nil, whyNoProof
	}
	return s.give(sl, "damage", 0), ""
}

// Grab is a picture of the watched window as it is now; its Proof is "settled" if nothing was painted for 15 ms, else
// "cap". Focus, geometry and popups were the same before and after. Without a picture it says why.
func (s *Server) Grab(window uint32) (*raw.Shot, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || window == 0 || xproto.Window(window) != s.watch.window {
		return nil, whyNotWatched
	}
	if !s.watch.armed {
		return s.grabUnarmed()
	}
	why, again := s.catchUp()
	if why != "" && !again {
		return nil, why
	}
	sl := s.watch.slots[0]
	if why != "" || sl == nil || sl.over || !sl.precise || !sl.stands(&s.watch) {
		if sl, why = s.renew(); sl == nil {
			return nil, why
		}
	}
	proof := "cap"
	if time.Duration(int32(sl.at-sl.painted))*time.Millisecond >= settleAfter {
		proof = "settled"
	}
	return s.give(sl, proof, 0), ""
}

// grabUnarmed is a picture of a window whose paints nobody follows at present.
func (s *Server) grabUnarmed() (*raw.Shot, string) {
	sl, _, why := s.grab()
	s.giveBack()
	if sl == nil {
		return nil, why
	}
	defer sl.drop()
	return s.give(sl, "cap", 0), ""
}

// catchUp learns every paint that the server made until now, and that the window is active and where it was.
func (s *Server) catchUp() (why string, again bool) {
	send := s.pic.wire.gather()
	q := s.ask()
	send()
	why, again = s.answer(q)
	s.handlePicture(nil)
	return why, again
}

// take grabs a slot and keeps it as the newest.
func (s *Server) take() (*slot, string) {
	sl, g, why := s.grab()
	if sl == nil {
		return nil, why
	}
	s.keep(sl, &g)
	return sl, ""
}

// grab takes the window and its popups, again if they changed meanwhile; if something was painted between two parts of it, at one go.
func (s *Server) grab() (sl *slot, g grabbing, why string) {
	for range grabTries {
		s.handlePicture(nil)
		if sl, g = s.grabOnce(g.mark.torn); sl != nil || !g.again {
			break
		}
	}
	return sl, g, g.why
}

// checks are the questions asked before and after the grab.
type checks struct {
	active xproto.GetPropertyCookie
	geo    xproto.GetGeometryCookie
	pos    xproto.TranslateCoordinatesCookie
	cm     xproto.GetSelectionOwnerCookie
}

func (s *Server) ask() checks {
	c, win := s.pic, s.watch.window
	return checks{
		active: c.property(c.root, "_NET_ACTIVE_WINDOW", 4),
		geo:    xproto.GetGeometry(c.Conn, xproto.Drawable(win)),
		pos:    xproto.TranslateCoordinates(c.Conn, win, c.root, 0, 0),
		cm:     xproto.GetSelectionOwner(c.Conn, c.atoms["_NET_WM_CM_S0"]),
	}
}

// answer waits for the answers and compares them with what is known. again says that another try may do.
func (s *Server) answer(q checks) (why string, again bool) {
	w := &s.watch
	active := words(q.active.Reply())
	rect, err := placed(q.geo, q.pos)
	cm, errCM := q.cm.Reply()
	switch {
	case err != nil || errCM != nil:
		return whyUnseen, false
	case len(active) != 1 || xproto.Window(active[0]) != w.window:
		return whyNotActive, false
	case rect != w.rect:
		w.rect = rect
		return whyMoving, true
	case (cm.Owner != 0) != w.composed:
		w.composed = cm.Owner != 0
		return whyMoving, true
	}
	return "", false
}

// grabOnce grabs the window as a whole; at one go, too, where not every paint is told.
func (s *Server) grabOnce(atOnce bool) (sl *slot, g grabbing) {
	w := &s.watch
	if !s.lookInside() {
		return nil, grabbing{why: whyInside}
	}
	sl = &slot{version: w.version, stack: w.stack, precise: w.armed && w.precise}
	if sl.layers, sl.canvas = s.plan(); sl.layers == nil {
		return nil, grabbing{why: whyUnseen}
	}
	covers := s.covers()
	s.hide(sl.layers, covers)
	s.hideInside(sl.layers)
	w.stale.all = false
	g = s.shoot(sl, nil, atOnce || !sl.precise)
	if g.why == "" && !slices.Equal(covers, s.covers()) {
		g.why, g.again = whyMoving, true
	}
	if g.why == "" {
		s.handlePicture(&g.mark)
		if !sl.stands(w) || g.mark.torn || !w.inside.known() {
			g.why, g.again = whyMoving, true
		}
	}
	if g.why != "" {
		sl.drop()
		w.stale.all = true
		return nil, g
	}
	if !sl.precise {
		g.mark.painted = g.at
	}
	return sl, g
}

// grabbed waits for the pictures.
func grabbed(images []shm.GetImageCookie) (why string, again bool) {
	for _, img := range images {
		r, err := img.Reply()
		switch {
		case err != nil:
			why, again = whyUnseen, true
		case r.Depth != 24 && r.Depth != 32:
			return whyDepth, false
		}
	}
	return why, again
}

// plan is what to grab, from the lowest to the topmost, clipped to the screen, and the picture of it all; nil if nothing of the window is on the
// screen.
func (s *Server) plan() (layers []layer, canvas raw.Rect) {
	w := &s.watch
	add := func(win xproto.Window, frame xproto.Window, r raw.Rect) bool {
		cut := meet(r, w.screen)
		if empty(cut) {
			return false
		}
		layers = append(layers, layer{window: uint32(win), top: uint32(frame), origin: r, rect: cut})
		canvas = join(canvas, cut)
		return true
	}
	seen := false
	for _, p := range w.popups {
		if p.above && !seen {
			if seen = true; !add(w.window, w.frame, w.rect) {
				return nil, raw.Rect{}
			}
		}
		add(p.window, p.window, p.rect)
	}
	if !seen && !add(w.window, w.frame, w.rect) {
		return nil, raw.Rect{}
	}
	return layers, canvas
}

// cover is a window over others, for screens where a compositor runs: there the server censors nothing.
type cover struct {
	window uint32
	rect   raw.Rect
	opaque bool // mapped and painting
}

// covers is the stack of the screen from the lowest, nil without a compositor.
func (s *Server) covers() []cover {
	c := s.pic
	if !s.watch.composed {
		return nil
	}
	tree, err := xproto.QueryTree(c.Conn, c.root).Reply()
	if err != nil {
		return nil
	}
	attrs := make([]xproto.GetWindowAttributesCookie, len(tree.Children))
	geos := make([]xproto.GetGeometryCookie, len(tree.Children))
	for i, win := range tree.Children {
		attrs[i] = xproto.GetWindowAttributes(c.Conn, win)
		geos[i] = xproto.GetGeometry(c.Conn, xproto.Drawable(win))
	}
	out := make([]cover, 0, len(tree.Children))
	for i, win := range tree.Children {
		a, err1 := attrs[i].Reply()
		g, err2 := geos[i].Reply()
		if err1 != nil || err2 != nil {
			continue // gone meanwhile: the second look differs, and the grab is repeated
		}
		border := 2 * int(g.BorderWidth)
		out = append(out, cover{uint32(win), raw.Rect{X: int(g.X), Y: int(g.Y), W: int(g.Width) + border, H: int(g.Height) + border},
			a.MapState == xproto.MapStateViewable && a.Class == xproto.WindowClassInputOutput})
	}
	return out
}

// hide notes in each layer what other windows above it cover.
func (s *Server) hide(layers []layer, covers []cover) {
	for i := range layers {
		l := &layers[i]
		above := false
		for _, c := range covers {
			if above && c.opaque && !slices.ContainsFunc(layers, func(o layer) bool { return o.top == c.window }) {
				if r := meet(c.rect, l.rect); !empty(r) {
					l.hidden = append(l.hidden, r)
				}
			}
			above = above || c.window == l.top
		}
	}
}
