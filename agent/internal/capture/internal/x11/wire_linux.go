package x11

import (
	"bufio"
	"encoding/binary"
	"io"
	"log"
	"net"
	"sync"
	"sync/atomic"

	"github.com/jezek/xgb"
)

// xgb writes its own worries to stderr; ours are errors that a caller sees.
func init() { xgb.Logger = log.New(io.Discard, "", 0) }

var le = binary.LittleEndian

// First bytes of what a server sends and gets, and the error code that xgb knows for "something failed".
const (
	msgError       = 0
	msgReply       = 1
	genericEvent   = 35
	badImplement   = 17
	firstExtension = 128
	getInputFocus  = 43 // the first byte of that request
)

// wire is a connection that takes the server's stream apart before xgb sees it: events go to event in stream order
// (xgb cuts GenericEvents and keeps no order between events and replies), a reply goes to divert first (RECORD sends
// many for one request), and only the rest reaches xgb. Because event runs before the next reply is handed on, whoever
// holds a reply knows every event that the server sent before it.
type wire struct {
	net.Conn
	in      *bufio.Reader
	greeted bool
	msg     []byte
	pending []byte
	event   func(msg []byte)      // msg is valid only during the call; must not wait for a reply
	divert  atomic.Pointer[taker] // nil: xgb gets all replies

	mu       sync.Mutex
	gathers  bool
	gathered []byte // what xgb has sent since
}

// taker takes a reply and tells whether it did.
type taker func(msg []byte) bool

func newWire(c net.Conn, event func([]byte)) *wire {
	return &wire{Conn: c, in: bufio.NewReaderSize(c, 1<<16), event: event}
}

// mostGathered is how many bytes of requests wait to be sent with others.
const mostGathered = 4 << 10

// gather keeps the requests that are made from now on until send is called, which sends them in one piece. The server handles a piece at one go,
// and answers all of it at once: of eleven requests that go one by one each wakes it, and each answer us. Nobody may wait for an answer to one of
// them before, but to GetInputFocus, which goes at once with all before it: xgb itself waits for it when it has sent much.
func (w *wire) gather() (send func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gathers = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.gathers = false
		if err := w.flush(); err != nil {
			w.Conn.Close() // its reader tells everybody who waits
		}
	}
}

// Write sends a request of xgb's, or keeps it.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gathered = append(w.gathered, p...)
	if w.gathers && len(w.gathered) < mostGathered && p[0] != getInputFocus {
		return len(p), nil
	}
	return len(p), w.flush()
}

// flush sends what was gathered.
func (w *wire) flush() error {
	b := w.gathered
	w.gathered = b[:0]
	if len(b) == 0 {
		return nil
	}
	_, err := w.Conn.Write(b)
	return err
}

// Read gives xgb the greeting, replies and errors. Only xgb's reader calls it.
func (w *wire) Read(p []byte) (int, error) {
	for len(w.pending) == 0 {
		if err := w.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.pending)
	w.pending = w.pending[n:]
	return n, nil
}

// next reads one message.
func (w *wire) next() error {
	if !w.greeted {
		return w.greeting()
	}
	if err := w.read(0, 32); err != nil {
		return err
	}
	kind := w.msg[0]
	if kind == msgReply || kind&127 == genericEvent {
		if err := w.read(32, int(le.Uint32(w.msg[4:]))*4); err != nil {
			return err
		}
	}
	switch kind {
	case msgError:
		if w.msg[1] >= firstExtension {
			w.msg[1] = badImplement // xgb never answers a request whose error code it does not know
		}
		w.pending = w.msg
	case msgReply:
		if take := w.divert.Load(); take == nil || !(*take)(w.msg) {
			w.pending = w.msg
		}
	default:
		w.event(w.msg)
	}
	return nil
}

func (w *wire) greeting() error {
	if err := w.read(0, 8); err != nil {
		return err
	}
	if err := w.read(8, int(le.Uint16(w.msg[6:]))*4); err != nil {
		return err
	}
	w.greeted = true
	w.pending = w.msg
	return nil
}

// read puts n more bytes of the stream at msg[at:], and cuts msg there.
func (w *wire) read(at, n int) error {
	if cap(w.msg) < at+n {
		bigger := make([]byte, at+n)
		copy(bigger, w.msg[:at])
		w.msg = bigger
	}
	w.msg = w.msg[:at+n]
	_, err := io.ReadFull(w.in, w.msg[at:])
	return err
}
