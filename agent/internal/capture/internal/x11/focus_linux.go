package x11

import (
	"time"

	"github.com/jezek/xgb/xproto"
)

// debounce is for how long "no window is active" or "the keyboard is elsewhere" must last before it is told: window
// managers make such states for a millisecond between two windows. What is told then carries the time of its beginning. Keys that went to
// another client meanwhile are that client's: a keyboard that comes back to the window it left is told to have been elsewhere.
const debounce = 50 * time.Millisecond

// Modes and details of FocusIn and FocusOut.
const (
	modeGrab, modeUngrab = 1, 2
	detailInferior       = 2
	detailPointer        = 5
)

// focusState is what the control connection knows. The loop owns it, under Server.mu.
type focusState struct {
	now       Focus
	wm        xproto.Window // the window that a living window manager keeps, 0 if there is none
	grabbed   bool          // somebody holds a keyboard grab
	elsewhere bool          // the keyboard goes to another client than the active window's
	left      bool          // the keyboard left the active window and its client, for however short
	suspect   alarm         // when to look whether the active window or the keyboard is really gone
	since     uint32        // server time at which the suspicion began
}

// Focus is the active window as last told.
func (s *Server) Focus() Focus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.focus.now
}

// Managed is ErrNoWindowManager while nobody tells which window is active.
func (s *Server) Managed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.focus.wm == 0 {
		return ErrNoWindowManager
	}
	return nil
}

// findWM looks for a living window manager that tells the active window.
func (s *Server) findWM() bool {
	c := s.ctl
	ids := words(c.property(c.root, "_NET_SUPPORTING_WM_CHECK", 4).Reply())
	if len(ids) != 1 || ids[0] == 0 {
		return false
	}
	w := xproto.Window(ids[0])
	xproto.ChangeWindowAttributes(c.Conn, w, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify | xproto.EventMaskPropertyChange})
	if self := words(c.property(w, "_NET_SUPPORTING_WM_CHECK", 4).Reply()); len(self) != 1 || self[0] != ids[0] {
		return false
	}
	for _, a := range words(c.property(c.root, "_NET_SUPPORTED", 64<<10).Reply()) {
		if xproto.Atom(a) == c.atoms["_NET_ACTIVE_WINDOW"] {
			s.focus.wm = w
			return true
		}
	}
	return false
}

// handleControl reads what came on the control connection.
func (s *Server) handleControl() {
	for _, e := range s.ctl.in.take() {
		switch e.code() {
		case evProperty:
			s.handleProperty(xproto.Window(e.word(4)), xproto.Atom(e.word(8)), e.word(12))
		case evFocusIn, evFocusOut:
			s.handleKeyboard(&e)
		case evDestroy:
			if w := xproto.Window(e.word(8)); w == s.focus.wm {
				s.loseWM()
				s.gainWM(s.serverTime()) // one that takes the place of another has said so already
			} else if uint32(w) == s.focus.now.Window {
				s.doubt(s.serverTime())
			}
		}
	}
}

func (s *Server) handleProperty(w xproto.Window, atom xproto.Atom, t uint32) {
	atoms := s.ctl.atoms
	switch {
	case s.focus.wm == 0 && (atom == atoms["_NET_SUPPORTING_WM_CHECK"] || w == s.ctl.root && (atom == atoms["_NET_SUPPORTED"] || atom == atoms["_NET_ACTIVE_WINDOW"])):
		s.gainWM(t)
	case w == s.ctl.root && atom == atoms["_NET_ACTIVE_WINDOW"]:
		s.readActive(t)
	case uint32(w) != s.focus.now.Window || w == s.ctl.root:
	case atom == atoms["_NET_WM_NAME"], atom == xproto.AtomWmName:
		s.retell(TitleChanged, t)
	case atom == xproto.AtomWmClass, atom == atoms["WM_CLIENT_MACHINE"]:
		s.retell(FocusChanged, t)
	}
}

// loseWM forgets the focus at once: nothing can be known without a window manager.
func (s *Server) loseWM() {
	t := s.serverTime()
	s.focus.wm = 0
	s.setFocus(Focus{}, t)
	s.emit(Event{Kind: WMLost, Time: t})
}

// gainWM takes up the work where there is a window manager again.
func (s *Server) gainWM(t uint32) {
	if s.findWM() {
		s.emit(Event{Kind: WMFound, Time: t})
		s.readActive(t)
	}
}

// active asks for the active window, 0 if there is none.
func (s *Server) active() xproto.Window {
	ids := words(s.ctl.property(s.ctl.root, "_NET_ACTIVE_WINDOW", 4).Reply())
	if len(ids) != 1 {
		return 0
	}
	return xproto.Window(ids[0])
}

// readActive takes over a new active window at once, and doubts if there is none.
func (s *Server) readActive(t uint32) {
	w := s.active()
	if w == 0 {
		s.doubt(t)
		return
	}
	if uint32(w) == s.focus.now.Window {
		s.calm()
		s.lookAtKeyboard(t)
		return
	}
	s.adopt(w, t)
}

// adopt makes w the active window. Its events are selected before its properties are read, so that no change is missed.
func (s *Server) adopt(w xproto.Window, t uint32) {
	s.follow(w)
	f, ok := s.identity(w)
	if !ok {
		s.doubt(t)
		return
	}
	s.calm()
	s.focus.grabbed, s.focus.elsewhere, s.focus.left = false, false, false
	s.setFocus(f, t)
	s.lookAtKeyboard(t)
}

// follow moves our interest in properties, structure and keyboard focus from the old active window to w.
func (s *Server) follow(w xproto.Window) {
	if old := xproto.Window(s.focus.now.Window); old != 0 && old != w {
		xproto.ChangeWindowAttributes(s.ctl.Conn, old, xproto.CwEventMask, []uint32{0})
	}
	if w != 0 {
		xproto.ChangeWindowAttributes(s.ctl.Conn, w, xproto.CwEventMask, []uint32{
			xproto.EventMaskPropertyChange | xproto.EventMaskStructureNotify | xproto.EventMaskFocusChange})
	}
}

// retell reads the active window's properties again and tells them if they changed.
func (s *Server) retell(kind EventKind, t uint32) {
	f, ok := s.identity(xproto.Window(s.focus.now.Window))
	if !ok {
		s.doubt(t)
		return
	}
	f.Popups = s.focus.now.Popups
	f.Known = f.Class != "" && !s.focus.elsewhere
	if f == s.focus.now {
		return
	}
	s.focus.now = f
	s.emit(Event{Kind: kind, Time: t, Focus: &f})
}

// setFocus tells a new focus.
func (s *Server) setFocus(f Focus, t uint32) {
	f.Known = f.Window != 0 && f.Class != "" && !s.focus.elsewhere
	f.Popups = f.Window != 0 && uint32(s.watch.window) == f.Window && len(s.watch.popups) > 0
	if f == s.focus.now {
		return
	}
	if f.Window == 0 {
		s.follow(0)
		s.calm()
	}
	s.focus.now = f
	s.emit(Event{Kind: FocusChanged, Time: t, Focus: &f})
}

// doubt arranges a look after the debounce, unless one is due already.
func (s *Server) doubt(t uint32) {
	if s.focus.suspect.armed() {
		return
	}
	s.focus.since = t
	s.focus.suspect.set(debounce)
}

func (s *Server) calm() { s.focus.suspect.stop() }

// settleDoubt runs when the debounce has passed: is there an active window, and does it get the keyboard?
func (s *Server) settleDoubt() {
	s.calm()
	t := s.focus.since
	w := s.active()
	if w == 0 || s.focus.wm == 0 {
		s.setFocus(Focus{}, t)
		return
	}
	if uint32(w) != s.focus.now.Window {
		s.follow(w)
		f, ok := s.identity(w)
		if !ok {
			s.setFocus(Focus{}, t)
			return
		}
		s.focus.grabbed, s.focus.left = false, false
		s.focus.elsewhere = !s.keyboardAt(w)
		s.setFocus(f, t)
		return
	}
	s.setElsewhere(!s.keyboardAt(w), t)
}

// handleKeyboard follows FocusIn and FocusOut of the active window. A launcher, a lock screen or a secret prompt takes
// the keyboard by a grab and leaves the active window as it is: what is typed then is not this window's. Neither is what is typed into a
// window of another client that lies in it.
func (s *Server) handleKeyboard(e *event) {
	detail, mode := e[1], e[8]
	inside := detail == detailInferior && e.code() == evFocusOut
	if e.word(4) != s.focus.now.Window || detail == detailPointer || inside && (mode == modeGrab || mode == modeUngrab) {
		return
	}
	t := s.serverTime()
	switch {
	case mode == modeGrab:
		s.focus.grabbed = e.code() == evFocusOut
	case mode == modeUngrab:
		s.focus.grabbed = e.code() != evFocusIn
	case e.code() == evFocusOut:
		w := xproto.Window(s.focus.now.Window)
		to, known := s.keyboard()
		s.leave(!known || !s.sameClient(to, w) || !inside && s.within(to, w), t) // within: it has been back already
	}
	s.lookAtKeyboard(t)
}

// lookAtKeyboard believes good news at once and bad news after the debounce.
func (s *Server) lookAtKeyboard(t uint32) {
	if s.focus.now.Window == 0 {
		return
	}
	if s.keyboardAt(xproto.Window(s.focus.now.Window)) {
		s.calm()
		if s.focus.left {
			s.setElsewhere(true, s.focus.since)
		}
		s.focus.left = false
		s.setElsewhere(false, t)
		return
	}
	s.doubt(t)
}

func (s *Server) setElsewhere(v bool, t uint32) {
	if v == s.focus.elsewhere {
		return
	}
	s.focus.elsewhere = v
	s.setFocus(s.focus.now, t)
}

// pressed looks, at a press, where the keyboard is: it can go from one window inside the active one to another, and no event tells it.
func (s *Server) pressed(t uint32) {
	if s.focus.now.Window == 0 {
		return
	}
	to, known := s.keyboard()
	elsewhere := !known || !s.sameClient(to, xproto.Window(s.focus.now.Window))
	if elsewhere != s.focus.elsewhere && !s.focus.grabbed {
		s.leave(elsewhere, t)
		s.lookAtKeyboard(t)
	}
}

// leave notes that the keyboard left the active window and its client, if it did.
func (s *Server) leave(left bool, t uint32) {
	if !left || s.focus.left {
		return
	}
	s.focus.left = true
	if !s.focus.suspect.armed() {
		s.focus.since = t
	}
}

// keyboard is the window that has the input focus.
func (s *Server) keyboard() (w xproto.Window, known bool) {
	r, err := xproto.GetInputFocus(s.ctl.Conn).Reply()
	if err != nil {
		return 0, false
	}
	return r.Focus, true
}

// within tells whether w is in or lies in it.
func (s *Server) within(w, in xproto.Window) bool {
	for w != in {
		tree, err := xproto.QueryTree(s.ctl.Conn, w).Reply()
		if err != nil || tree.Parent == 0 {
			return false
		}
		w = tree.Parent
	}
	return true
}

// keyboardAt tells whether keys go to w's client: the input focus lies with it, and a grab, if there is one, comes with
// a menu of its own.
func (s *Server) keyboardAt(w xproto.Window) bool {
	if to, known := s.keyboard(); !known || !s.sameClient(to, w) {
		return false
	}
	return !s.focus.grabbed || s.hasOwnGrab(w)
}

// sameClient tells whether two windows were made by one connection: resource ids carry it, and no client can make one
// of another's.
func (s *Server) sameClient(a, b xproto.Window) bool {
	mask := s.ctl.setup.ResourceIdMask
	return uint32(a)&^mask == uint32(b)&^mask
}

// hasOwnGrab tells whether w's client has an override-redirect window mapped, as toolkits have for a menu that grabs.
func (s *Server) hasOwnGrab(w xproto.Window) bool {
	tree, err := xproto.QueryTree(s.ctl.Conn, s.ctl.root).Reply()
	if err != nil {
		return false
	}
	for _, c := range tree.Children {
		if !s.sameClient(c, w) {
			continue
		}
		a, err := xproto.GetWindowAttributes(s.ctl.Conn, c).Reply()
		if err == nil && a.OverrideRedirect && a.MapState == xproto.MapStateViewable && !s.isTooltip(c) {
			return true
		}
	}
	return false
}
