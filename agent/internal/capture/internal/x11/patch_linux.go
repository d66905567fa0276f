package x11

import (
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// Most of what a person sees changes by a line, a caret or a scrollbar. The newest slot is then brought up to date in the memory that it
// has: only what was painted since is grabbed, between the same questions as a whole picture. Each paint is reported with its area, on the
// connection that grabs, so everything else is as it was; a slot of which that is not certain is grabbed anew as a whole.

const (
	mostAreas   = 8  // a text, the caret, a status line, a scrollbar, buttons
	patchedPart = 16 // a patch is at most this part of the picture
)

// areas are what was painted of the watched window since the newest slot, from its inside's upper left corner on.
type areas struct {
	list []raw.Rect
	all  bool // some paint was not told with its area
}

func size(r raw.Rect) int { return r.W * r.H }

// paintedBy is the area that a DamageNotify tells of.
func paintedBy(e *event) raw.Rect {
	at := func(i int) int { return int(le.Uint16(e[i:])) }
	return raw.Rect{X: int(int16(at(16))), Y: int(int16(at(18))), W: at(20), H: at(22)}
}

// add takes in a painted area. Where there are too many, the two become one that have the least beside them in common.
func (a *areas) add(r raw.Rect) {
	if empty(r) || slices.ContainsFunc(a.list, func(o raw.Rect) bool { return join(o, r) == o }) {
		return
	}
	a.list = append(a.list, r)
	for len(a.list) > mostAreas {
		a.joinTwo()
	}
}

// joinTwo makes one of the two areas that lie best together.
func (a *areas) joinTwo() {
	least, i, j := -1, 0, 0
	for m, p := range a.list {
		for n, q := range a.list[:m] {
			if waste := size(join(p, q)) - size(p) - size(q); least < 0 || waste < least {
				least, i, j = waste, n, m
			}
		}
	}
	a.list[i] = join(a.list[i], a.list[j])
	a.list = slices.Delete(a.list, j, j+1)
}

// of are the areas of a picture of the window, as pieces of it that lie behind each other from byte off on; and where they end.
func (a *areas) of(l layer, off int) (parts []layer, end int) {
	for _, r := range a.list {
		r.X, r.Y = r.X+l.origin.X, r.Y+l.origin.Y
		if r = meet(l.rect, r); !empty(r) {
			parts = append(parts, layer{window: l.window, top: l.top, origin: l.origin, rect: r, off: off})
			off += 4 * size(r)
		}
	}
	return parts, off
}

// rowsOf calls do with each row of a part in the picture of l, and the same row of the part as it lies behind it.
func (l layer) rowsOf(p layer, picture, part []byte, do func(there, here []byte)) {
	for y := range p.rect.H {
		at := l.off + 4*((p.rect.Y-l.rect.Y+y)*l.rect.W+p.rect.X-l.rect.X)
		do(picture[at:][:4*p.rect.W], part[p.off+4*y*p.rect.W:][:4*p.rect.W])
	}
}

// older is the slot before the newest, where that one took its memory over: all that differs is kept beside it.
type older struct {
	slot  // its memory is the newest slot's; zero if there is none
	parts []layer
	pix   []byte
}

// forget wipes it.
func (o *older) forget() {
	o.shot.Wipe()
	clear(o.pix)
	*o = older{pix: o.pix[:0]}
}

// renew brings the newest slot up to date, by a patch if that does.
func (s *Server) renew() (*slot, string) {
	if s.patch() {
		return s.watch.slots[0], ""
	}
	s.watch.older.forget()
	return s.take()
}

// patches are the pieces of the newest slot that must be grabbed for it to hold all that was painted; none if it must be grabbed as a whole.
func (s *Server) patches() []layer {
	w := &s.watch
	sl := w.slots[0]
	if sl == nil || !sl.precise || !w.armed || !w.precise || w.stale.all || w.composed || !sl.stands(w) ||
		!w.inside.known() || len(sl.layers) != 1 || len(sl.layers[0].hidden) > 0 || sl.seg == nil {
		return nil
	}
	whole := sl.layers[0]
	parts, end := w.stale.of(whole, whole.off+4*size(whole.rect))
	if end > len(sl.seg.data) {
		return nil
	}
	return parts
}

// patch grabs what was painted since the newest slot, behind it in its memory, and puts it in place if it is certain to belong there. What
// stood there is kept as the older slot.
func (s *Server) patch() bool {
	w := &s.watch
	parts := s.patches()
	if parts == nil {
		return false
	}
	sl, version, stack := w.slots[0], w.version, w.stack
	g := s.shoot(sl.seg, parts)
	was := *sl
	s.handlePicture(&g.mark)
	if w.slots[0] != sl || g.why != "" || g.mark.torn || w.stale.all || w.version != version || w.stack != stack || !w.inside.known() {
		return false
	}
	s.replace(w.slots[1])
	w.slots[1] = nil
	w.older.forget()
	was.next, was.over = sl.next, sl.over
	w.older.slot, w.older.parts = was, parts
	sl.shot = nil // the older one has it
	whole, memory := sl.layers[0], sl.seg.data
	for i := range parts {
		from := len(w.older.pix)
		whole.rowsOf(parts[i], memory, memory, func(there, here []byte) {
			if was.shot == nil {
				w.older.pix = append(w.older.pix, there...)
			}
			copy(there, here)
		})
		parts[i].off = from
	}
	sl.painted, sl.next, sl.over, sl.at = g.mark.painted, g.mark.next, g.mark.over, g.at
	w.stale.list = g.mark.left.list
	return true
}

// recall makes a slot of its own of the older one, nil if there is no memory.
func (s *Server) recall() *slot {
	w := &s.watch
	sl := w.older.slot
	if sl.seg = nil; sl.shot != nil {
		w.older.shot = nil
		w.older.forget()
		w.slots[1] = &sl
		return &sl
	}
	whole := sl.layers[0]
	seg, err := s.borrow(len(w.slots[0].seg.data))
	if err != nil {
		return nil
	}
	sl.seg = seg
	copy(seg.data, w.slots[0].seg.data[:whole.off+4*size(whole.rect)])
	for _, p := range slices.Backward(w.older.parts) { // they may overlap
		whole.rowsOf(p, seg.data, w.older.pix, func(there, here []byte) { copy(there, here) })
	}
	w.older.forget()
	w.slots[1] = &sl
	return &sl
}
