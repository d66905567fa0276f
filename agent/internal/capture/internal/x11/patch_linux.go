package x11

import (
	"slices"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// Most of what a person sees changes by a line, a caret or a scrollbar. The next slot is then the newest but for the tiles that something was
// painted in since, and only those are grabbed, between the same questions as a whole picture. Each paint is reported with its area, on the
// connection that grabs, so everything else is as it was; where that is not certain all is grabbed.

const mostAreas = 8 // a text, the caret, a status line, a scrollbar, buttons

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

// in are the tiles of a picture of the window l that something was painted in; none if nothing was.
func (a *areas) in(sl *slot, l layer) (want []int) {
	for n := range sl.tiles {
		tile := sl.tile(n)
		if slices.ContainsFunc(a.list, func(r raw.Rect) bool {
			r.X, r.Y = r.X+l.origin.X, r.Y+l.origin.Y
			return !empty(meet(tile, r))
		}) {
			want = append(want, n)
		}
	}
	return want
}

// renew makes a slot that holds all that was painted, of the newest one if that does.
func (s *Server) renew() (*slot, string) {
	if s.patch() {
		return s.watch.slots[0], ""
	}
	return s.take()
}

// patches are the tiles of the newest slot that must be grabbed for it to hold all that was painted; none if it must be grabbed as a whole.
func (w *watchState) patches() []int {
	sl := w.slots[0]
	if sl == nil || !sl.precise || !w.armed || !w.precise || w.stale.all || w.composed || !sl.stands(w) ||
		!w.inside.known() || len(sl.layers) != 1 || len(sl.layers[0].hidden) > 0 {
		return nil
	}
	return w.stale.in(sl, sl.layers[0])
}

// patch grabs the tiles in which something was painted since the newest slot, and makes the newest slot of them and of the others, if they are
// certain to belong together.
func (s *Server) patch() bool {
	w := &s.watch
	want := w.patches()
	if want == nil {
		return false
	}
	was := w.slots[0]
	sl := &slot{layers: was.layers, canvas: was.canvas, version: was.version, stack: was.stack, precise: true}
	g := s.shoot(sl, want, false)
	s.handlePicture(&g.mark)
	if g.why != "" || g.mark.torn || w.slots[0] != was || w.stale.all || !sl.stands(w) || !w.inside.known() {
		sl.drop()
		return false
	}
	s.keep(sl, &g)
	return true
}

// keep makes sl the newest slot. What it lacks was told meanwhile.
func (s *Server) keep(sl *slot, g *grabbing) {
	w := &s.watch
	sl.painted, sl.next, sl.over, sl.at = g.mark.painted, g.mark.next, g.mark.over, g.at
	w.stale.list = g.mark.left.list
	w.slots[1].drop()
	w.slots[1], w.slots[0] = w.slots[0], sl
}
