package x11

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Core event numbers that we look at.
const (
	evKeyPress      = 2
	evMotion        = 6
	evFocusIn       = 9
	evFocusOut      = 10
	evCreate        = 16
	evDestroy       = 17
	evUnmap         = 18
	evMap           = 19
	evReparent      = 21
	evConfigure     = 22
	evCirculate     = 26
	evProperty      = 28
	evMappingNotify = 34
)

// event is one event as it came: 32 bytes.
type event [32]byte

func (e *event) code() byte  { return e[0] & 127 }
func (e *event) seq() uint16 { return le.Uint16(e[2:]) }

// word is the 32-bit field at byte i.
func (e *event) word(i int) uint32 { return le.Uint32(e[i:]) }

// inbox holds the events of one connection in stream order until the server's owner reads them.
type inbox struct {
	mu    sync.Mutex
	items []event
	spare []event
	wake  func()
}

func (b *inbox) put(msg []byte) {
	var e event
	copy(e[:], msg)
	b.mu.Lock()
	b.items = append(b.items, e)
	b.mu.Unlock()
	b.wake()
}

// take empties the inbox. The slice is valid until the next take.
func (b *inbox) take() []event {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == 0 {
		return nil
	}
	out := b.items
	b.items, b.spare = b.spare[:0], out
	return out
}

// conn is one connection to the display.
type conn struct {
	*xgb.Conn
	wire    *wire
	in      inbox
	setup   *xproto.SetupInfo
	screen  *xproto.ScreenInfo
	root    xproto.Window
	own     atomic.Uint32 // a window that is never mapped; its property changes tell the server's time
	atoms   map[string]xproto.Atom
	damage0 byte // first event number of DAMAGE on this display

	stampMu sync.Mutex
	stamp   uint32
}

// connect opens a connection. wake is called after each event; dead once when the connection ends, however it ends.
func connect(d display, wake func(), dead func(*conn)) (*conn, error) {
	sock, err := d.dial()
	if err != nil {
		return nil, err
	}
	c := &conn{in: inbox{wake: wake}, atoms: map[string]xproto.Atom{}}
	c.wire = newWire(sock, c.receive)
	if hex := d.cookie(); hex != "" {
		c.Conn, err = xgb.NewConnNetWithCookieHex(c.wire, hex)
	} else {
		c.Conn, err = xgb.NewConnNet(c.wire)
	}
	if err != nil {
		sock.Close()
		return nil, fmt.Errorf("%w (it refused us: is XAUTHORITY right?)", ErrNoDisplay)
	}
	go c.drain(dead)
	c.setup = xproto.Setup(c.Conn)
	if d.screen >= len(c.setup.Roots) {
		c.close()
		return nil, fmt.Errorf("%w (there is no screen %d)", ErrNoDisplay, d.screen)
	}
	c.screen = &c.setup.Roots[d.screen]
	c.root = c.screen.Root
	if err := c.makeOwn(); err != nil {
		c.close()
		return nil, fmt.Errorf("%w (it broke off at the start)", ErrNoDisplay)
	}
	return c, nil
}

// drain waits for the end: xgb gets no events from us, only errors of requests that nobody waits for.
func (c *conn) drain(dead func(*conn)) {
	for {
		if e, err := c.WaitForEvent(); e == nil && err == nil {
			dead(c)
			return
		}
	}
}

// receive takes an event from the wire.
func (c *conn) receive(msg []byte) {
	if msg[0]&127 == evProperty && le.Uint32(msg[4:]) == c.own.Load() {
		c.stampMu.Lock()
		c.stamp = le.Uint32(msg[12:])
		c.stampMu.Unlock()
		return
	}
	c.in.put(msg)
}

func (c *conn) close() { c.wire.Close() }

func (c *conn) makeOwn() error {
	id, err := xproto.NewWindowId(c.Conn)
	if err != nil {
		return err
	}
	c.own.Store(uint32(id))
	return xproto.CreateWindowChecked(c.Conn, 0, id, c.root, -10, -10, 1, 1, 0, xproto.WindowClassInputOnly, 0,
		xproto.CwOverrideRedirect|xproto.CwEventMask, []uint32{1, xproto.EventMaskPropertyChange}).Check()
}

// now is the server's time at some instant of this call. It is one round trip.
func (c *conn) now() (uint32, error) {
	send := c.wire.gather()
	stamp := c.askNow()
	send()
	return stamp()
}

// askNow asks for the server's time between the requests before and after; the function waits for the answer.
func (c *conn) askNow() func() (uint32, error) {
	xproto.ChangeProperty(c.Conn, xproto.PropModeAppend, xproto.Window(c.own.Load()), xproto.AtomWmName, xproto.AtomString, 8, 0, nil)
	barrier := xproto.GetInputFocus(c.Conn)
	return func() (uint32, error) {
		if _, err := barrier.Reply(); err != nil {
			return 0, err
		}
		return c.lastStamp(), nil
	}
}

// lastStamp is the time that the last stamping request told, once its round trip has ended.
func (c *conn) lastStamp() uint32 {
	c.stampMu.Lock()
	defer c.stampMu.Unlock()
	return c.stamp
}

// extension makes an extension known to xgb for this connection alone. xgb's own Init writes to maps that the readers
// of other connections read without a lock.
func (c *conn) extension(name string) (firstEvent byte, err error) {
	r, err := xproto.QueryExtension(c.Conn, uint16(len(name)), name).Reply()
	if err != nil || !r.Present {
		return 0, ErrLacks{name}
	}
	c.ExtLock.Lock()
	c.Extensions[name] = r.MajorOpcode
	c.ExtLock.Unlock()
	return r.FirstEvent, nil
}

// intern learns the numbers of the named atoms in one round trip.
func (c *conn) intern(names ...string) error {
	cookies := make([]xproto.InternAtomCookie, len(names))
	for i, n := range names {
		cookies[i] = xproto.InternAtom(c.Conn, false, uint16(len(n)), n)
	}
	for i, n := range names {
		r, err := cookies[i].Reply()
		if err != nil {
			return fmt.Errorf("x11: learn the atom %s: %w", n, err)
		}
		c.atoms[n] = r.Atom
	}
	return nil
}

// property asks for at most limit bytes of a property of any type.
func (c *conn) property(w xproto.Window, name string, limit int) xproto.GetPropertyCookie {
	return xproto.GetProperty(c.Conn, false, w, c.atoms[name], xproto.GetPropertyTypeAny, 0, uint32(limit+3)/4)
}

// words reads a reply of 32-bit values, nil if it is anything else.
func words(r *xproto.GetPropertyReply, err error) []uint32 {
	if err != nil || r.Format != 32 {
		return nil
	}
	out := make([]uint32, 0, len(r.Value)/4)
	for b := r.Value; len(b) >= 4; b = b[4:] {
		out = append(out, le.Uint32(b))
	}
	return out
}

// text reads a reply of 8-bit values as valid UTF-8 without interpreting it; type STRING is Latin-1.
func text(r *xproto.GetPropertyReply, err error) string {
	if err != nil || r.Format != 8 {
		return ""
	}
	if r.Type == xproto.AtomString && !isUTF8(r.Value) {
		runes := make([]rune, len(r.Value))
		for i, b := range r.Value {
			runes[i] = rune(b)
		}
		return string(runes)
	}
	return strings.ToValidUTF8(string(r.Value), "\uFFFD")
}
