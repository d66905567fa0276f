package x11

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// slot is one picture of the watched window and its popups as the server gave it, in shared memory. It holds every paint up to
// painted, and none from next on.
type slot struct {
	seg     *segment // nil where it is only packed
	layers  []layer
	shot    *raw.Shot // the same as one picture, packed, once somebody wanted it
	version int       // of the structure
	stack   int       // of what lies over it
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

// give makes a shot of a slot, which keeps what it shows. What is given is packed; the slot's own memory is looked at by nobody else, and may be
// patched.
func (s *Server) give(sl *slot, proof string, age time.Duration) *raw.Shot {
	if sl.shot == nil {
		sl.shot = compose(sl.layers, sl.seg.data)
		sl.shot.Lend(func() {}) // the slot keeps it
		s.lender.given.Add(1)
		s.packer.Pack(sl.shot, func() { s.lender.given.Add(-1) })
	}
	shot := sl.shot.Share()
	shot.Proof, shot.Age = proof, age
	return shot
}

// replace is drop before a grab, which takes the memory over: a new segment would cost both us and the server each of its pages anew, five
// times a second.
func (s *Server) replace(sl *slot) { s.release(sl, true) }

// drop forgets a slot. What somebody was given of it is wiped with the last shot of it.
func (s *Server) drop(sl *slot) { s.release(sl, false) }

func (s *Server) release(sl *slot, next bool) {
	if sl == nil {
		return
	}
	sl.shot.Wipe()
	s.unload(sl, next)
}

// unload gives the memory of a slot back.
func (s *Server) unload(sl *slot, next bool) {
	if sl.seg != nil {
		s.giveBack(sl.seg, next)
		sl.seg = nil
	}
}
