package x11

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// slot is one picture of the watched window and its popups as the server gave it, packed in tiles, most of which it has in common with the slot
// before. It holds every paint up to painted, and none from next on.
type slot struct {
	layers  []layer // from the lowest to the topmost
	canvas  raw.Rect
	tiles   []*raw.Tile // row by row
	sums    []sum       // of each tile
	shot    *raw.Shot   // of the tiles, once somebody wanted it
	version int         // of the structure
	stack   int         // of what lies over it
	precise bool
	painted uint32 // last paint that is in it, or could be
	next    uint32 // first paint that is not in it
	over    bool   // there was one
	at      uint32 // server time just after the grab
}

// shows tells whether sl is what the window showed at server time t, if all paints until then are known: it holds all from before
// that millisecond, and what it lacks came in a later one. Of two things in one millisecond nobody knows which was first.
func (sl *slot) shows(t uint32) bool {
	return sl.precise && after(t, sl.painted) && (!sl.over || after(sl.next, t))
}

// stands tells whether the window has the shape and the neighbours that sl shows.
func (sl *slot) stands(w *watchState) bool { return sl.version == w.version && sl.stack == w.stack }

// passed notes a paint that no slot holds.
func (w *watchState) passed(t uint32) {
	for _, sl := range w.slots {
		if sl != nil && !sl.over {
			sl.next, sl.over = t, true
		}
	}
}

// mostGiven bounds how many pictures wait, packed, to be masked or dropped; it is more than redaction lets wait.
const mostGiven = 32

// give makes a shot of a slot, which keeps what it shows.
func (s *Server) give(sl *slot, proof string, age time.Duration) *raw.Shot {
	if sl.shot == nil {
		sl.shot = &raw.Shot{Canvas: sl.canvas, Stride: 4 * sl.canvas.W}
		s.given.Add(1)
		sl.shot.Show(sl.tiles, func() { s.given.Add(-1) })
	}
	shot := sl.shot.Share()
	shot.Proof, shot.Age = proof, age
	return shot
}

// drop forgets a slot. What another slot or somebody who was given it still shows is wiped with the last of them.
func (sl *slot) drop() {
	if sl == nil {
		return
	}
	sl.shot.Wipe()
	for _, b := range sl.tiles {
		if b != nil {
			b.Wipe()
		}
	}
	sl.tiles = nil
}
