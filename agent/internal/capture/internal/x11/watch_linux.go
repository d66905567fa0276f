package x11

import (
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/xproto"
)

// How slots are taken: after the window stood still for settleAfter, at the latest settleCap after the first paint,
// and never two within slotEvery (a film would cost a grab per picture).
const (
	settleAfter = 15 * time.Millisecond
	settleCap   = 100 * time.Millisecond
	slotEvery   = 200 * time.Millisecond
	restAfter   = time.Second      // after the last slot: no press that is still to be told is older than the newest one
	idleStop    = 10 * time.Second // paints without input for so long: stop looking until the next input
	floodLimit  = 200              // paints per second above which only "something was painted" is asked for
)

// watchState is the window being watched. The loop owns it, under Server.mu.
type watchState struct {
	window   xproto.Window
	frame    xproto.Window // the child of the root that holds window
	rect     raw.Rect      // window's inside in screen pixels, unclipped
	popups   []popup
	inside   inside
	screen   raw.Rect
	version  int  // counts changes of structure: of window, frame and popups
	stack    int  // counts changes of all other windows on the screen
	composed bool // a compositor runs: the server does not censor, we do

	armed   bool // damage is selected
	precise bool // every paint is reported (RawRectangles)
	damages map[xproto.Window]damage.Damage
	painted uint32 // server time of the last paint or change that is known
	dirty   time.Time
	slotAt  time.Time
	pressAt time.Time // of the last grab for a press
	settle  alarm
	rest    alarm
	flood   flood

	slots [2]*slot // newest first
	stale areas    // what was painted since the newest
}

// flood counts paints per second of server time.
type flood struct {
	from  uint32
	count int
	last  uint32
}

func (f *flood) see(t uint32) int {
	if t-f.from >= 1000 {
		f.from, f.count = t, 0
	}
	f.count++
	f.last = t
	return f.count
}

// Watch follows the paints and the structure of one client window and its own popups and keeps two slots of it in RAM,
// instead of what was watched before; those slots are wiped. 0 stops. It fails if the window is gone.
func (s *Server) Watch(window uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return ErrDisplayDied
	}
	if xproto.Window(window) == s.watch.window {
		return nil
	}
	s.dropWatch()
	s.focus.now.Popups = false
	if window == 0 {
		return nil
	}
	return s.startWatch(xproto.Window(window))
}

// startWatch selects structure events before it reads the structure, so that no change is missed.
func (s *Server) startWatch(w xproto.Window) error {
	c := s.pic
	s.watch = watchState{window: w, damages: map[xproto.Window]damage.Damage{}}
	xproto.ChangeWindowAttributes(c.Conn, c.root, xproto.CwEventMask,
		[]uint32{xproto.EventMaskStructureNotify | xproto.EventMaskSubstructureNotify})
	err := xproto.ChangeWindowAttributesChecked(c.Conn, w, xproto.CwEventMask,
		[]uint32{xproto.EventMaskStructureNotify | xproto.EventMaskSubstructureNotify}).Check()
	if err == nil {
		err = s.readStructure()
	}
	if err != nil {
		s.dropWatch()
		return errGone
	}
	s.rec.inputAt = boottime()
	s.arm()
	return nil
}

// dropWatch wipes the slots and ends all interest.
func (s *Server) dropWatch() {
	c := s.pic
	if s.watch.window == 0 {
		return
	}
	s.disarm()
	s.leaveInside()
	xproto.ChangeWindowAttributes(c.Conn, s.watch.window, xproto.CwEventMask, []uint32{0})
	xproto.ChangeWindowAttributes(c.Conn, c.root, xproto.CwEventMask, []uint32{0})
	s.watch = watchState{}
}

// arm selects damage and asks for a first slot.
func (s *Server) arm() {
	w := &s.watch
	w.armed = true
	s.selectDamage(true)
	s.changed()
}

// rearm wakes a watch that had stopped for want of input.
func (s *Server) rearm() {
	if s.watch.window != 0 && !s.watch.armed {
		s.arm()
	}
}

// disarm gives up damage, slots and their memory.
func (s *Server) disarm() {
	w := &s.watch
	w.armed = false
	w.settle.stop()
	w.rest.stop()
	s.dropDamage()
	for i, sl := range w.slots {
		sl.drop()
		w.slots[i] = nil
	}
	s.giveBack()
}

// selectDamage asks for every paint of the window and its popups, or only for the first since the last grab.
func (s *Server) selectDamage(precise bool) {
	w := &s.watch
	s.dropDamage()
	w.precise, w.stale.all = precise, true
	s.addDamage(w.window)
	for _, p := range w.popups {
		s.addDamage(p.window)
	}
}

func (s *Server) addDamage(win xproto.Window) {
	w := &s.watch
	if _, ok := w.damages[win]; ok || !w.armed {
		return
	}
	id, err := damage.NewDamageId(s.pic.Conn)
	if err != nil {
		return // the display is dying
	}
	level := byte(damage.ReportLevelRawRectangles)
	if !w.precise {
		level = damage.ReportLevelNonEmpty
	}
	damage.Create(s.pic.Conn, id, xproto.Drawable(win), level)
	w.damages[win] = id
}

func (s *Server) dropDamage() {
	for win, id := range s.watch.damages {
		damage.Destroy(s.pic.Conn, id)
		delete(s.watch.damages, win)
	}
}

// changed counts a change of structure as a paint of this moment: its own time is not told, this one is not earlier.
func (s *Server) changed() {
	s.watch.version++
	s.touch(s.stamp(s.watch.painted))
}

// Pace makes slots rarer than they would be by themselves: at least so long lies between two.
func (s *Server) Pace(least time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pace = least
}

// touch notes a paint at server time t and arranges a slot.
func (s *Server) touch(t uint32) {
	w := &s.watch
	w.painted = t
	if !w.armed {
		return
	}
	now := time.Now()
	if !w.settle.armed() {
		w.dirty = now
	}
	due := now.Add(settleAfter)
	if cap := w.dirty.Add(settleCap); due.After(cap) {
		due = cap
	}
	if next := w.slotAt.Add(max(slotEvery, s.pace)); due.Before(next) {
		due = next
	}
	w.settle.at = due
}

// handlePicture reads what came on the picture connection: paints and structure. mark, if given, asks for the paints around
// a grab.
func (s *Server) handlePicture(mark *grabMark) {
	structure := false
	for _, e := range s.pic.in.take() {
		if s.watch.window == 0 {
			continue
		}
		switch {
		case e.code() == s.pic.damage0:
			if _, ours := s.watch.damages[xproto.Window(e.word(4))]; !ours {
				continue
			}
			t, area := e.word(12), paintedBy(&e)
			if mark != nil {
				mark.see(e.seq(), t, area)
			}
			s.watch.stale.add(area)
			s.watch.passed(t)
			s.paint(t)
		case e.code() >= evCreate && e.code() <= evCirculate:
			structure = s.shaped(&e) || structure
		}
	}
	if structure {
		s.restructure()
	}
}

// paint takes one DamageNotify.
func (s *Server) paint(t uint32) {
	w := &s.watch
	if boottime()-s.rec.inputAt > idleStop {
		s.disarm()
		return
	}
	quiet := t-w.flood.last >= 1000
	n := w.flood.see(t)
	switch {
	case w.precise && n > floodLimit:
		s.selectDamage(false)
	case !w.precise && quiet:
		s.selectDamage(true)
		t = s.stamp(t) // what was painted while damage was selected anew is not told
	}
	s.touch(t)
}

// stamp is the display's time now, t if it is dying.
func (s *Server) stamp(t uint32) uint32 {
	if now, err := s.pic.now(); err == nil {
		return now
	}
	return t
}

// settleSlot sees to it that the newest slot holds all that was painted, and tells that the window stands.
func (s *Server) settleSlot() {
	w := &s.watch
	w.settle.stop()
	if sl := w.slots[0]; sl == nil || sl.over || !sl.precise || !sl.stands(w) {
		w.slotAt = time.Now()
		if !w.precise {
			for _, id := range w.damages {
				damage.Subtract(s.pic.Conn, id, 0, 0)
			}
		}
		if sl, _ := s.renew(); sl == nil {
			return
		}
	}
	w.rest.set(restAfter)
	s.emit(Event{Kind: Settled, Time: w.painted, Window: uint32(w.window)})
}

// restSlots drops all slots but the newest, and gives back what the next will be grabbed through.
func (s *Server) restSlots() {
	w := &s.watch
	w.rest.stop()
	w.slots[1].drop()
	w.slots[1] = nil
	s.giveBack()
}
