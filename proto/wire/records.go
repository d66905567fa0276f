package wire

import (
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// records is a connection below TLS, which writes each record by itself. What it writes while it is held leaves together at the release.
type records struct {
	net.Conn
	pace Pace

	mu     sync.Mutex // guards what follows, and the order in which bytes leave
	held   *[]byte    // what waits for the release; nil: nothing is held
	stride stride
}

// room is memory for what is held, of all connections: one that is silent has none.
var room = sync.Pool{New: func() any { return new([]byte) }}

// below puts records around a connection that is not yet safe.
func below(raw net.Conn, p Pace) (*records, error) {
	r := &records{Conn: raw, pace: p}
	if through, ok := raw.(*tls.Conn); ok { // a proxy that is spoken to over TLS
		raw = through.NetConn()
	}
	r.stride.system, _ = raw.(interface{ SetWriteBuffer(int) error })
	return r, r.stride.set(careful)
}

// Read is that of net.Conn.
func (r *records) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.moved(n)
	return n, err
}

// Write is that of net.Conn.
func (r *records) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		return r.send(b)
	}
	*r.held = append(*r.held, b...)
	return len(b), nil
}

func (r *records) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held = room.Get().(*[]byte)
}

func (r *records) release() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	held := r.held
	r.held = nil
	_, err := r.send(*held)
	*held = (*held)[:0]
	room.Put(held)
	return err
}

// send hands on a stride at a time: each that the system takes is a sign of life. mu is held.
func (r *records) send(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		began, k, part := time.Now(), 0, b[n:min(n+r.stride.length(), len(b))]
		if r.pace != nil {
			r.pace.Spread(len(part))
		}
		k, err = r.Conn.Write(part)
		n += k
		r.moved(k)
		if err == nil {
			err = r.stride.took(k, time.Since(began))
		}
	}
	return n, err
}

func (r *records) moved(n int) {
	if r.pace != nil && n > 0 {
		r.pace.Moved(n)
	}
}
