package x11

import (
	"errors"
	"slices"
	"time"

	"github.com/jezek/xgb/record"
	"github.com/jezek/xgb/xproto"
)

// recorder is the state of recording. The loop owns it, under Server.mu; started and in belong to the reader, too.
type recorder struct {
	display display
	on      bool
	data    *conn
	context record.Context
	keys    keymap
	repeat  repeats
	inputAt time.Duration // BOOTTIME of the last input, for the adaptive stop of damage interest
	checked time.Duration // BOOTTIME of the last measuring of the clock for an event
}

// startLimit is how long the server may take to start a recording.
const startLimit = 2 * time.Second

// Categories of a RECORD reply.
const (
	fromServer  = 0
	startOfData = 4
)

// Record switches keys and pointer on or off. Off closes the context and the connection: other applications' keys do
// not enter this process. When Record(false) has returned, no key or pointer event is delivered, also none from before.
func (s *Server) Record(on bool) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrDisplayDied
	}
	if on == s.rec.on {
		s.mu.Unlock()
		return nil
	}
	if on {
		defer s.mu.Unlock()
		return s.startRecord()
	}
	s.endRecord()
	s.out = slices.DeleteFunc(s.out, func(e Event) bool { return e.Kind <= Motion })
	s.mu.Unlock()
	s.settleLoop()
	return nil
}

// startRecord opens the data connection and enables a context for the device events 2 to 6 of all clients.
func (s *Server) startRecord() error {
	data, err := connect(s.rec.display, s.poke, s.recordDied)
	if err != nil {
		return err
	}
	if _, err = data.extension("RECORD"); err != nil {
		data.close()
		return err
	}
	id, err := record.NewContextId(s.ctl.Conn)
	if err == nil {
		err = record.CreateContextChecked(s.ctl.Conn, id, 0, 1, 1, []record.ClientSpec{record.CsAllClients},
			[]record.Range{{DeviceEvents: record.Range8{First: evKeyPress, Last: evMotion}}}).Check()
	}
	if err != nil {
		data.close()
		return ErrLacks{"RECORD"}
	}
	started := make(chan struct{})
	take := taker(func(msg []byte) bool { return takeRecord(data, started, msg) })
	data.wire.divert.Store(&take)
	record.EnableContextUnchecked(data.Conn, id)
	s.rec.on, s.rec.data, s.rec.context = true, data, id
	s.rec.repeat = repeats{}
	s.rec.inputAt = boottime()
	timer := time.NewTimer(startLimit)
	defer timer.Stop()
	select {
	case <-started:
	case <-timer.C:
		s.endRecord()
		return errors.New("x11: the display did not start the recording in time")
	case <-s.stop:
		return ErrDisplayDied
	}
	if err := s.rec.keys.load(s.ctl); err != nil {
		s.endRecord()
		return err
	}
	return nil
}

// takeRecord takes RECORD's replies apart; it runs in the data connection's reader.
func takeRecord(data *conn, started chan struct{}, msg []byte) bool {
	switch msg[1] {
	case startOfData:
		close(started)
	case fromServer:
		for body := msg[32:]; len(body) >= 32; body = body[32:] {
			data.in.put(body[:32])
		}
	}
	return true
}

// endRecord closes the context and forgets what it held.
func (s *Server) endRecord() {
	if !s.rec.on {
		return
	}
	data, id := s.rec.data, s.rec.context
	s.rec.on, s.rec.data = false, nil
	record.DisableContext(s.ctl.Conn, id)
	record.FreeContext(s.ctl.Conn, id)
	data.close()
	s.rec.keys = keymap{}
}

// recordDied ends the server if the data connection ended by itself.
func (s *Server) recordDied(data *conn) {
	s.mu.Lock()
	ours := s.rec.on && s.rec.data == data
	s.mu.Unlock()
	if ours {
		s.died(data)
	}
}

// handleRecord turns recorded input into events, in order. A MappingNotify lies in the same stream, so that each key is
// read with the keymap of its moment.
func (s *Server) handleRecord() {
	if !s.rec.on {
		return
	}
	events := s.rec.data.in.take()
	if len(events) == 0 {
		return
	}
	now := boottime()
	s.rec.inputAt = now
	s.rearm()
	pressed := false
	for i := range events {
		e := &events[i]
		if e.code() == evMappingNotify {
			if err := s.rec.keys.load(s.ctl); err != nil {
				return // the display is dying
			}
			continue
		}
		if e.code() < evKeyPress || e.code() > evMotion {
			continue
		}
		if t := e.word(4); !s.clock.fits(t, now) && s.rec.checked != now {
			s.rec.checked = now
			if err := s.clock.measure(s.ctl); err != nil {
				return
			}
		}
		in := s.input(e)
		s.emit(in)
		if in.Down && !pressed {
			s.pressed(in.Time)
			pressed = true
		}
	}
}

// input reads one recorded device event.
func (s *Server) input(e *event) Event {
	out := Event{Time: e.word(4), X: int(int16(le.Uint16(e[20:]))), Y: int(int16(le.Uint16(e[22:]))), State: le.Uint16(e[28:])}
	switch e.code() {
	case evKeyPress, evKeyPress + 1:
		out.Down = e.code() == evKeyPress
		out.Keycode = e[1]
		out.Kind = KeyRelease
		if out.Down {
			out.Kind = KeyPress
		}
		out.Sym = s.rec.keys.sym(xproto.Keycode(e[1]), out.State)
		out.Rune = printed(out.Sym)
		out.Repeat = s.rec.repeat.see(e[1], out.Down, out.Time)
	case evKeyPress + 2, evKeyPress + 3:
		out.Down = e.code() == evKeyPress+2
		out.Button = e[1]
		out.Kind = ButtonRelease
		if out.Down {
			out.Kind = ButtonPress
		}
	case evMotion:
		out.Kind = Motion
	}
	return out
}

// heldFor is how long a key must be down before the server may repeat it: a typing program can release and press a key
// in one millisecond, too.
const heldFor = 50

// repeats tells the server's own key presses from a person's: they come as presses of a key that is down already (so
// XKB's repeat is recorded), or as a release and a press of the same time.
type repeats struct {
	down     [256]bool
	pressed  [256]uint32 // when the key really went down
	released uint32      // the release just before
	key      byte
	fresh    bool // released and key tell of the event just before
}

// see takes the next key event and tells whether it is a repeated press.
func (r *repeats) see(key byte, down bool, t uint32) bool {
	if !down {
		r.down[key] = false
		r.key, r.released, r.fresh = key, t, true
		return false
	}
	again := r.down[key] || r.fresh && r.key == key && r.released == t && t-r.pressed[key] >= heldFor
	r.down[key], r.fresh = true, false
	if !again {
		r.pressed[key] = t
	}
	return again
}
