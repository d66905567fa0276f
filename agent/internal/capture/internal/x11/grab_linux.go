package x11

import (
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
)

// slot is one picture of the watched window and its popups as the server gave it, in shared memory.
type slot struct {
	seg     *segment
	layers  []layer
	version int
	precise bool
	painted uint32 // last paint that is in it, or could be
	at      uint32 // server time just after the grab
}

// grabMark asks handlePicture for the last paint before the server handled request seq.
type grabMark struct {
	seq     uint16
	painted uint32
}

// Why there is no picture, in plain words.
const (
	whyNotWatched = "window not watched"
	whyNotActive  = "window not active"
	whyMoving     = "window kept changing"
	whyUnseen     = "window not on screen"
	whyNoMemory   = "no shared memory"
	whyDepth      = "unknown pixel format"
	whyNoProof    = "no picture proven older than the press"
)

// grabTries is how often a grab is repeated when the window changed under it.
const grabTries = 3

// Before is a picture of the watched window from before a press, for sure: a grab made now if the order of damage on
// the same connection proves that nothing was painted since ("damage"). Call it when the press arrives. Without a
// picture it says why.
func (s *Server) Before(window uint32, press uint32) (*raw.Shot, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.watch
	if s.closing || window == 0 || xproto.Window(window) != w.window {
		return nil, whyNotWatched
	}
	why := whyNoProof
	if w.armed && w.precise {
		var sl *slot
		if sl, why = s.grab(); sl != nil {
			defer s.release(sl)
			if sl.precise && after(press, sl.painted) {
				return s.shot(sl, "damage", 0), ""
			}
		}
	}
	// A slot is no proof yet: under load the server's stamps let slots pass that do not show the state just before the press
	// (docs/decisions/0005). Until that is understood the frame is withheld, which the record says.
	if why == "" {
		why = whyNoProof
	}
	return nil, why
}

// Grab is a picture of the watched window as it is now; its Proof is "settled" if nothing was painted for 15 ms, else
// "cap". Focus, geometry and popups were the same before and after. Without a picture it says why.
func (s *Server) Grab(window uint32) (*raw.Shot, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || window == 0 || xproto.Window(window) != s.watch.window {
		return nil, whyNotWatched
	}
	sl, why := s.grab()
	if sl == nil {
		return nil, why
	}
	defer s.release(sl)
	proof := "cap"
	if time.Duration(sl.at-sl.painted)*time.Millisecond >= settleAfter {
		proof = "settled"
	}
	return s.shot(sl, proof, 0), ""
}

// grab takes the window and its popups, again if they changed meanwhile.
func (s *Server) grab() (*slot, string) {
	why := whyMoving
	for range grabTries {
		s.handlePicture(nil)
		var again bool
		var sl *slot
		if sl, why, again = s.grabOnce(); sl != nil || !again {
			return sl, why
		}
	}
	return nil, why
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

// grabOnce asks, grabs and asks again in one run of requests. The server itself leaves out what other windows cover;
// that its answers before and after agree makes sure that the pieces belong together.
func (s *Server) grabOnce() (sl *slot, why string, again bool) {
	w := &s.watch
	version := w.version
	layers := s.plan()
	if layers == nil {
		return nil, whyUnseen, false
	}
	covers := s.covers()
	seg, err := s.takeSegment(layers)
	if err != nil {
		return nil, whyNoMemory, false
	}
	sl = &slot{seg: seg, layers: layers, version: version, precise: w.armed && w.precise}
	defer func() {
		if why != "" {
			s.release(sl)
			sl = nil
		}
	}()
	mark := grabMark{painted: w.painted}
	before := s.ask()
	images := make([]shm.GetImageCookie, len(layers))
	for i, l := range layers {
		images[i] = shm.GetImage(s.pic.Conn, xproto.Drawable(l.window), int16(l.rect.X-l.origin.X), int16(l.rect.Y-l.origin.Y),
			uint16(l.rect.W), uint16(l.rect.H), ^uint32(0), xproto.ImageFormatZPixmap, seg.id, uint32(l.off))
		mark.seq = images[i].Sequence
	}
	past := s.ask()
	for _, q := range []checks{before, past} {
		if why, again = s.answer(q); why != "" {
			return
		}
	}
	if why, again = grabbed(images); why != "" {
		return
	}
	if !slices.Equal(covers, s.covers()) {
		return sl, whyMoving, true
	}
	s.hide(layers, covers)
	if sl.at, err = s.pic.now(); err != nil {
		return sl, whyUnseen, false
	}
	s.handlePicture(&mark)
	if w.version != version {
		return sl, whyMoving, true
	}
	if sl.painted = mark.painted; !sl.precise {
		sl.painted = sl.at
	}
	return sl, "", false
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

// plan is what to grab, from the lowest to the topmost, clipped to the screen; nil if nothing of the window is on it.
func (s *Server) plan() []layer {
	w := &s.watch
	screen := raw.Rect{W: int(s.pic.screen.WidthInPixels), H: int(s.pic.screen.HeightInPixels)}
	if g, err := xproto.GetGeometry(s.pic.Conn, xproto.Drawable(s.pic.root)).Reply(); err == nil {
		screen.W, screen.H = int(g.Width), int(g.Height)
	}
	var layers []layer
	off := 0
	add := func(win xproto.Window, frame xproto.Window, r raw.Rect) bool {
		cut := meet(r, screen)
		if empty(cut) {
			return false
		}
		layers = append(layers, layer{window: uint32(win), top: uint32(frame), origin: r, rect: cut, off: off})
		off += cut.W * cut.H * 4
		return true
	}
	seen := false
	for _, p := range w.popups {
		if p.above && !seen {
			if seen = true; !add(w.window, w.frame, w.rect) {
				return nil
			}
		}
		add(p.window, p.window, p.rect)
	}
	if !seen && !add(w.window, w.frame, w.rect) {
		return nil
	}
	return layers
}

// takeSegment is shared memory for the layers: one that is free and large enough, else a new one.
func (s *Server) takeSegment(layers []layer) (*segment, error) {
	last := layers[len(layers)-1]
	need := last.off + last.rect.W*last.rect.H*4
	w := &s.watch
	for len(w.free) > 0 {
		g := w.free[len(w.free)-1]
		w.free = w.free[:len(w.free)-1]
		if len(g.data) >= need && len(g.data) <= 4*need+1<<20 {
			return g, nil
		}
		g.free(s.pic)
	}
	return newSegment(s.pic, need)
}

// release gives a slot's memory back for the next grab, or wholly if nothing is watched.
func (s *Server) release(sl *slot) {
	if s.watch.armed && len(s.watch.free) < 2 {
		s.watch.free = append(s.watch.free, sl.seg)
		return
	}
	sl.seg.free(s.pic)
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

// shot copies a slot into a picture of its own.
func (s *Server) shot(sl *slot, proof string, age time.Duration) *raw.Shot {
	shot := compose(sl.layers, sl.seg.data, s.buffer)
	shot.Proof, shot.Age = proof, age
	return shot
}

// buffer is n zero bytes, from a recycled picture if one is large enough.
func (s *Server) buffer(n int) []byte {
	for i, b := range s.pool {
		if cap(b) >= n && cap(b) <= 4*n+1<<20 {
			s.pool = slices.Delete(s.pool, i, i+1)
			return b[:n] // wiped by Recycle
		}
	}
	return make([]byte, n)
}

// Recycle wipes a picture that nobody needs any more and keeps its memory for the next. Nobody may use it afterwards.
func (s *Server) Recycle(shot *raw.Shot) {
	if shot == nil || shot.Pix == nil {
		return
	}
	pix := shot.Pix[:cap(shot.Pix)]
	shot.Wipe()
	clear(pix)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watch.armed && len(s.pool) < 2 {
		s.pool = append(s.pool, pix)
	}
}
