package x11

import (
	"fmt"
	"hash/maphash"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/jezek/xgb/damage"
	"github.com/jezek/xgb/record"
	"github.com/jezek/xgb/shm"
	"github.com/jezek/xgb/xproto"
)

// backlog is how many events may wait to be taken; more is ErrBacklog, never a silent loss.
const backlog = 1 << 16

// Server is a display being listened to. Its methods may be called from any goroutine.
//
// The loop and the methods share the state under mu and may ask the display while they hold it; the readers of the
// connections only fill inboxes and never take mu.
type Server struct {
	ctl, pic *conn
	hasRes   bool
	hasRandr bool
	hostname string

	events chan Event
	wake   chan struct{}      // something to read; never blocks the sender
	bounce chan chan struct{} // the loop answers when it holds no event that may be stale
	stop   chan struct{}
	ended  chan struct{}

	clock clock

	mu      sync.Mutex
	err     error
	closing bool
	out     []Event // waits to be taken; out[0] may be on offer
	focus   focusState
	rec     recorder
	watch   watchState
	pace    time.Duration // see Pace
	seg     *segment      // what pictures are grabbed through, while they are
	room    int           // the least of it, if a picture is not smaller
	packer  raw.Packer
	tile    [4 * raw.TileRows * raw.TileCols]byte // while it is packed
	seed    maphash.Seed                          // of the sums of tiles

	given atomic.Int32 // pictures that somebody has
}

var atomNames = []string{"_NET_ACTIVE_WINDOW", "_NET_SUPPORTING_WM_CHECK", "_NET_SUPPORTED", "_NET_WM_NAME", "WM_NAME",
	"WM_CLASS", "_NET_WM_PID", "WM_CLIENT_MACHINE", "WM_TRANSIENT_FOR", "_NET_WM_WINDOW_TYPE", "_NET_WM_CM_S0", "RESOURCE_MANAGER",
	"_NET_WM_WINDOW_TYPE_MENU", "_NET_WM_WINDOW_TYPE_POPUP_MENU", "_NET_WM_WINDOW_TYPE_DROPDOWN_MENU",
	"_NET_WM_WINDOW_TYPE_COMBO", "_NET_WM_WINDOW_TYPE_TOOLTIP"}

// Open connects to a display of this machine, checks that it can be recorded safely and begins to follow the focus.
// No key and no pixel is read before Record and Watch. If there is no window manager, the first event is WMLost.
// Errors: ErrNoDisplay, ErrLacks, ErrCensor.
func Open(name string) (*Server, error) {
	d, err := parseDisplay(name)
	if err != nil {
		return nil, err
	}
	s := &Server{events: make(chan Event), wake: make(chan struct{}, 1), bounce: make(chan chan struct{}),
		stop: make(chan struct{}), ended: make(chan struct{}), room: leastRoom, seed: maphash.MakeSeed()}
	if s.hostname, err = os.Hostname(); err != nil {
		return nil, fmt.Errorf("x11: learn this machine's name: %w", err)
	}
	if s.ctl, err = connect(d, s.poke, s.died); err != nil {
		return nil, err
	}
	if s.pic, err = connect(d, s.poke, s.died); err != nil {
		s.ctl.close()
		return nil, err
	}
	s.rec.display = d
	if err := s.prepare(); err != nil {
		s.ctl.close()
		s.pic.close()
		return nil, err
	}
	go s.loop()
	return s, nil
}

// prepare checks what the display can do and starts to follow the focus.
func (s *Server) prepare() error {
	if err := s.extensions(); err != nil {
		return err
	}
	for _, c := range []*conn{s.ctl, s.pic} {
		if err := c.intern(atomNames...); err != nil {
			return err
		}
	}
	if err := s.clock.measure(s.ctl); err != nil {
		return fmt.Errorf("%w (it broke off at the start)", ErrNoDisplay)
	}
	if err := s.selfTest(); err != nil {
		return err
	}
	xproto.ChangeWindowAttributes(s.ctl.Conn, s.ctl.root, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange})
	if s.findWM() {
		s.readActive(s.serverTime())
	} else {
		s.loseWM()
	}
	return nil
}

func (s *Server) extensions() error {
	if _, err := s.ctl.extension("RECORD"); err != nil {
		return err
	}
	if _, err := record.QueryVersion(s.ctl.Conn, 1, 13).Reply(); err != nil {
		return ErrLacks{"RECORD"}
	}
	first, err := s.pic.extension("DAMAGE")
	if err != nil {
		return err
	}
	s.pic.damage0 = first
	if _, err := damage.QueryVersion(s.pic.Conn, 1, 1).Reply(); err != nil {
		return ErrLacks{"DAMAGE"}
	}
	if _, err := s.pic.extension("MIT-SHM"); err != nil {
		return err
	}
	if _, err := shm.QueryVersion(s.pic.Conn).Reply(); err != nil {
		return ErrLacks{"MIT-SHM"}
	}
	_, err = s.ctl.extension("RANDR")
	s.hasRandr = err == nil
	s.hasRes = startRes(s.ctl)
	return nil
}

// Events is the one ordered stream of what happens. It is closed when the display dies, on ErrBacklog and by Close.
func (s *Server) Events() <-chan Event { return s.events }

// Err says why the events ended: nil before that and after Close.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends everything; it waits for the loop. Closing twice is fine.
func (s *Server) Close() {
	s.fail(nil)
	<-s.ended
}

// Moment is X server time t on both clocks.
func (s *Server) Moment(t uint32) policy.Moment { return s.clock.moment(t) }

// serverTime is the server's time now, in one round trip.
func (s *Server) serverTime() uint32 {
	t, err := s.ctl.now()
	if err != nil {
		return s.ctl.lastStamp() // the display is dying: the loop will hear it from the reader
	}
	return t
}

func (s *Server) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Server) died(*conn) { s.fail(ErrDisplayDied) }

// fail ends the server once, with the reason that Err gives.
func (s *Server) fail(why error) {
	// A method that waits for the display holds mu; it must be let go before the lock can be had.
	s.ctl.close()
	s.pic.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.closing = true
	s.err = why
	close(s.stop)
}

// emit puts an event in the queue. A pointer that moves while nobody takes events leaves only its last place.
func (s *Server) emit(e Event) {
	e.At = s.clock.moment(e.Time)
	if e.Window == 0 {
		e.Window = s.focus.now.Window
	}
	if last := len(s.out) - 1; e.Kind == Motion && last > 0 && s.out[last].Kind == Motion && s.out[last].State == e.State {
		s.out[last] = e
		return
	}
	s.out = append(s.out, e)
}

// loop reads the inboxes, keeps the timers and offers the events. It sleeps until one of them has something.
func (s *Server) loop() {
	defer close(s.ended)
	defer close(s.events)
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		offer, head, next := s.turn()
		if next > 0 {
			timer.Reset(next)
		} else {
			timer.Stop()
		}
		select {
		case <-s.stop:
			s.mu.Lock()
			s.endRecord()
			s.dropWatch()
			s.mu.Unlock()
			return
		case <-s.wake:
		case <-timer.C:
		case done := <-s.bounce:
			close(done)
		case offer <- head:
			s.taken(head)
		}
	}
}

// taken removes the event that was handed over, unless Record(false) has emptied the queue between the offer and now.
func (s *Server) taken(head Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.out) > 0 && s.out[0] == head {
		s.out = s.out[1:]
	}
}

// turn does all that is due, and gives the channel (nil if nothing waits), the event to offer and the time to the next
// deadline (0 if there is none).
func (s *Server) turn() (chan<- Event, Event, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handleRecord()
	s.handleControl()
	s.handlePicture(nil)
	if s.focus.suspect.due() {
		s.settleDoubt()
	}
	if s.watch.settle.due() {
		s.settleSlot()
	}
	if s.watch.rest.due() {
		s.restSlots()
	}
	if len(s.out) > backlog && !s.closing {
		s.closing = true
		s.err = ErrBacklog
		close(s.stop)
	}
	next := earliest(s.focus.suspect, s.watch.settle, s.watch.rest)
	if len(s.out) == 0 {
		s.out = nil
		return nil, Event{}, next
	}
	return s.events, s.out[0], next
}

// settleLoop returns when the loop offers nothing that was queued before.
func (s *Server) settleLoop() {
	done := make(chan struct{})
	select {
	case s.bounce <- done:
	case <-s.ended:
	}
}

// alarm is a deadline of the loop. The zero alarm is off.
type alarm struct{ at time.Time }

func (a *alarm) set(d time.Duration) { a.at = time.Now().Add(d) }
func (a *alarm) stop()               { a.at = time.Time{} }
func (a alarm) armed() bool          { return !a.at.IsZero() }
func (a alarm) due() bool            { return a.armed() && !time.Now().Before(a.at) }

// earliest is the time to the next deadline, at least 1 ns; 0 if none is set.
func earliest(alarms ...alarm) time.Duration {
	var first time.Time
	for _, a := range alarms {
		if a.armed() && (first.IsZero() || a.at.Before(first)) {
			first = a.at
		}
	}
	if first.IsZero() {
		return 0
	}
	return max(1, time.Until(first))
}
