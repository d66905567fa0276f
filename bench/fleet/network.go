package fleet

import (
	"context"
	"errors"
	"net"
	"sync"
)

// Network is what all devices share. It can be cut, and mended.
type Network struct {
	mu    sync.Mutex
	down  chan struct{} // closed when it is mended; nil: it works
	lines map[net.Conn]struct{}
}

var errDown = errors.New("the network is down")

// Cut ends all connections, and there are no new ones before Mend.
func (n *Network) Cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down == nil {
		n.down = make(chan struct{})
	}
	for c := range n.lines {
		c.Close() // whatever it says, the line is gone
	}
	clear(n.lines)
}

// Mend ends a Cut: everybody notices at once, as after a power cut.
func (n *Network) Mend() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		close(n.down)
		n.down = nil
	}
}

// mended is closed when the network works again; nil if it does.
func (n *Network) mended() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down
}

// dial connects from an address of the device's own, as far as there can be one: loopback has many, and each has its own ports.
func (n *Network) dial(ctx context.Context, from net.IP, addr string) (net.Conn, error) {
	if n.mended() != nil {
		return nil, errDown
	}
	var d net.Dialer
	if host, _, err := net.SplitHostPort(addr); err == nil && net.ParseIP(host).To4() != nil && net.ParseIP(host).IsLoopback() {
		d.LocalAddr = &net.TCPAddr{IP: from}
	}
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down != nil {
		return nil, errors.Join(errDown, c.Close())
	}
	if n.lines == nil {
		n.lines = map[net.Conn]struct{}{}
	}
	l := line{c, n}
	n.lines[c] = struct{}{}
	return l, nil
}

// line is a connection that the network knows of.
type line struct {
	net.Conn
	network *Network
}

// Close ends it and forgets it.
func (l line) Close() error {
	l.network.mu.Lock()
	delete(l.network.lines, l.Conn)
	l.network.mu.Unlock()
	return l.Conn.Close()
}

// sourceOf is the n-th device's address on loopback, apart from 127.0.0.1.
func sourceOf(n int) net.IP { return net.IPv4(127, byte(1+n>>16), byte(n>>8), byte(n)) }
