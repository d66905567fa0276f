package ingest

import (
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
)

// greeter lets few connections at once compute their part of a handshake, in the order in which they come. After a cut everybody comes
// back in the same second; if all were greeted at once, each would wait for all, and all would give up before their turn. Only computing is
// counted, from the client's first message to our answer: whoever says nothing holds nobody up.
type greeter struct {
	turns   chan struct{}
	waiting atomic.Int64
}

func newGreeter(n int) *greeter { return &greeter{turns: make(chan struct{}, n)} }

// errLate is the end of a handshake whose turn did not come in time; the device tries again.
var errLate = errors.New("too many connect at once")

// credentials are those of the configuration, with turns.
func (g *greeter) credentials(t *tls.Config) credentials.TransportCredentials {
	t = t.Clone()
	t.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		c, ok := hello.Conn.(*greeted)
		if !ok {
			return nil, nil
		}
		return nil, g.wait(c)
	}
	return greeting{credentials.NewTLS(t), g}
}

// wait waits for a turn of the connection, at most as long as a handshake may take.
func (g *greeter) wait(c *greeted) error {
	g.waiting.Add(1)
	defer g.waiting.Add(-1)
	late := time.NewTimer(handshakeTime)
	defer late.Stop()
	select {
	case g.turns <- struct{}{}:
		c.turn.Store(true)
		return nil
	case <-late.C:
		return errLate
	}
}

// greeting are credentials whose handshakes wait for their turn.
type greeting struct {
	credentials.TransportCredentials
	greeter *greeter
}

// ServerHandshake is that of credentials.TransportCredentials.
func (g greeting) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c := &greeted{Conn: raw, greeter: g.greeter}
	defer c.done()
	return g.TransportCredentials.ServerHandshake(c)
}

// greeted is a connection that may have a turn; its first answer ends it.
type greeted struct {
	net.Conn
	greeter *greeter
	turn    atomic.Bool
}

// Write is that of net.Conn.
func (c *greeted) Write(b []byte) (int, error) {
	c.done()
	return c.Conn.Write(b)
}

func (c *greeted) done() {
	if c.turn.CompareAndSwap(true, false) {
		<-c.greeter.turns
	}
}
