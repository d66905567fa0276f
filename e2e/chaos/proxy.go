package chaos

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Fault is how a connection fares that is made while it is set. The zero Fault passes everything on at once.
type Fault struct {
	Refuse bool          // it is closed as soon as it is made
	Delay  time.Duration // what comes goes on so much later
	Loss   float64       // this part of the pieces is lost, and costs the time after which TCP sends again
	Rate   int           // bytes a second, each way; 0: no bound
	Cut    int           // it is reset once so many bytes of the device went through; 0: never
	Hole   int           // from so many bytes of the device on nothing goes through, and nobody is told: 1 is a black hole; 0: never
	Deaf   int           // from so many bytes of the device on it gets no answer, but is still heard: a half-open connection; 0: never
}

// again is after how long TCP sends a lost piece again, at the least (RFC 6298 as Linux has it).
const again = 200 * time.Millisecond

// Proxy passes connections on. Make one with Start.
type Proxy struct {
	ln net.Listener
	wg sync.WaitGroup

	mu       sync.Mutex
	to       string
	fault    Fault
	conns    map[net.Conn]bool
	made     []time.Time
	up, down int64
	rng      *rand.Rand
	closed   bool
}

// Start listens on loopback for what goes to an address. The seed decides which pieces are lost.
func Start(to string, seed uint64) (*Proxy, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	p := &Proxy{ln: ln, to: to, conns: map[net.Conn]bool{}, rng: rand.New(rand.NewPCG(seed, 0))}
	p.wg.Add(1)
	go p.runAccept()
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Set makes every new connection fare so. Those that there are keep what they have.
func (p *Proxy) Set(f Fault) { p.locked(func() { p.fault = f }) }

// Break resets every connection that there is.
func (p *Proxy) Break() {
	p.locked(func() {
		for c := range p.conns {
			reset(c)
		}
	})
}

// Bytes is how many bytes the device sent and got.
func (p *Proxy) Bytes() (up, down int64) {
	p.locked(func() { up, down = p.up, p.down })
	return up, down
}

// Made is when each connection was made.
func (p *Proxy) Made() (at []time.Time) {
	p.locked(func() { at = append(at, p.made...) })
	return at
}

// Close ends all connections and waits for them.
func (p *Proxy) Close() error {
	err := p.ln.Close()
	p.locked(func() { p.closed = true })
	p.Break()
	p.wg.Wait()
	return err
}

func (p *Proxy) locked(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Proxy) runAccept() {
	defer p.wg.Done()
	for {
		in, err := p.ln.Accept()
		if err != nil {
			return // closed
		}
		p.connect(in)
	}
}

// connect joins one connection of the device to one of the collector.
func (p *Proxy) connect(in net.Conn) {
	var f Fault
	p.locked(func() { f = p.fault; p.made = append(p.made, time.Now()) })
	if f.Refuse {
		reset(in)
		return
	}
	out, err := net.Dial("tcp", p.to)
	if err != nil {
		reset(in) // the collector is away
		return
	}
	if f.Rate > 0 { // a slow line holds little that its ends do not see
		for _, c := range []net.Conn{in, out} {
			if t := c.(*net.TCPConn); t.SetReadBuffer(4<<10) != nil || t.SetWriteBuffer(4<<10) != nil {
				reset(in)
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		reset(in)
		reset(out)
		return
	}
	p.conns[in], p.conns[out] = true, true
	l := &link{p: p, fault: f, deaf: make(chan struct{})}
	p.wg.Add(2)
	go l.run(in, out, true)
	go l.run(out, in, false)
}

// link is one connection through the proxy.
type link struct {
	p     *Proxy
	fault Fault
	deaf  chan struct{} // closed once the device gets no answers any more
	over  atomic.Int32  // directions that ended well
}

// run copies one direction until it ends. An end is passed on, so that what is under way the other way still arrives; a break breaks both.
func (l *link) run(from, to net.Conn, up bool) {
	defer l.p.wg.Done()
	if err := l.copy(from, to, up); !errors.Is(err, io.EOF) || l.over.Add(1) == 2 || to.(*net.TCPConn).CloseWrite() != nil {
		l.p.locked(func() { delete(l.p.conns, from); delete(l.p.conns, to) })
		if !errors.Is(err, io.EOF) {
			reset(from)
			reset(to)
		}
		from.Close()
		to.Close()
	}
}

// errBroken ends a link by the fault's will.
var errBroken = errors.New("broken")

func (l *link) copy(from, to net.Conn, up bool) error {
	buf, through := make([]byte, 16<<10), 0
	for {
		n, err := from.Read(buf)
		if n > 0 {
			through += n
			l.count(n, up)
			if !l.pass(to, buf[:n], through, up) {
				return errBroken
			}
		}
		if err != nil {
			return err
		}
	}
}

func (l *link) count(n int, up bool) {
	l.p.locked(func() {
		if up {
			l.p.up += int64(n)
		} else {
			l.p.down += int64(n)
		}
	})
}

// pass hands one piece on, or what the fault leaves of it. through are the bytes of its direction, the piece with them.
func (l *link) pass(to net.Conn, piece []byte, through int, up bool) bool {
	f := l.fault
	time.Sleep(f.Delay + l.lost())
	if up {
		reached := func(limit int) bool { return limit > 0 && through >= limit }
		switch {
		case reached(f.Cut):
			piece = piece[:max(len(piece)-(through-f.Cut), 0)]
			_, _ = io.Copy(to, &slow{piece, f.Rate}) // it is cut either way
			return false
		case reached(f.Hole):
			l.silence()
			return true
		case reached(f.Deaf):
			l.silence()
		}
	} else if l.silent() {
		return true
	}
	_, err := io.Copy(to, &slow{piece, f.Rate})
	return err == nil
}

func (l *link) silence() {
	if !l.silent() {
		close(l.deaf) // only the one goroutine of the device's direction comes here
	}
}

func (l *link) silent() bool {
	select {
	case <-l.deaf:
		return true
	default:
		return false
	}
}

// lost is what a loss costs this piece.
func (l *link) lost() (wait time.Duration) {
	l.p.locked(func() {
		for wait < 8*again && l.p.rng.Float64() < l.fault.Loss {
			wait += max(wait, again)
		}
	})
	return wait
}

// slow reads bytes no faster than a rate.
type slow struct {
	rest []byte
	rate int
}

func (s *slow) Read(b []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := len(s.rest)
	if s.rate > 0 {
		n = min(n, max(s.rate/20, 1))
		time.Sleep(time.Duration(n) * time.Second / time.Duration(s.rate))
	}
	n = copy(b, s.rest[:n])
	s.rest = s.rest[n:]
	return n, nil
}

// reset ends a connection so that the other end gets an error, not an end.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok && t.SetLinger(0) != nil {
		return // closed already
	}
	if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		panic(err)
	}
}
