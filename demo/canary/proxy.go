package canary

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// Proxy passes TCP connections on and keeps every byte, as somebody on the wire could.
type Proxy struct {
	ln  net.Listener
	to  string
	dir string
	wg  sync.WaitGroup

	mu    sync.Mutex
	n     int
	bytes int64
	conns map[net.Conn]bool
	err   error
}

// NewProxy listens on loopback for what goes to an address, and writes each direction of each connection to a file in dir.
func NewProxy(to, dir string) (*Proxy, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{ln: ln, to: to, dir: dir, conns: map[net.Conn]bool{}}
	p.wg.Add(1)
	go p.runAccept()
	return p, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

// Bytes is how many bytes went through so far.
func (p *Proxy) Bytes() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bytes
}

// Close ends all connections and waits for them; it says if anything could not be kept.
func (p *Proxy) Close() error {
	err := p.ln.Close()
	p.mu.Lock()
	for c := range p.conns {
		err = errors.Join(err, ignoreClosed(c.Close()))
	}
	p.mu.Unlock()
	p.wg.Wait()
	return errors.Join(err, p.err)
}

func (p *Proxy) runAccept() {
	defer p.wg.Done()
	for {
		in, err := p.ln.Accept()
		if err != nil {
			return // closed
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			p.note(ignoreClosed(in.Close())) // the collector is away; the agent sees a connection that ends
			continue
		}
		p.mu.Lock()
		p.n++
		n := p.n
		p.conns[in], p.conns[out] = true, true
		p.mu.Unlock()
		p.wg.Add(2)
		go p.runPass(in, out, fmt.Sprintf("%03d-sent", n))
		go p.runPass(out, in, fmt.Sprintf("%03d-received", n))
	}
}

// runPass copies one direction; when it ends, both sides end.
func (p *Proxy) runPass(from, to net.Conn, name string) {
	defer p.wg.Done()
	f, err := os.OpenFile(filepath.Join(p.dir, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		p.note(err)
		return
	}
	buf := make([]byte, 32<<10)
	for {
		n, rerr := from.Read(buf)
		p.mu.Lock()
		p.bytes += int64(n)
		p.mu.Unlock()
		if _, err := f.Write(buf[:n]); err != nil {
			p.note(err)
		}
		if _, err := to.Write(buf[:n]); err != nil || rerr != nil {
			break
		}
	}
	p.note(errors.Join(f.Close(), ignoreClosed(from.Close()), ignoreClosed(to.Close())))
	p.mu.Lock()
	delete(p.conns, from)
	p.mu.Unlock()
}

func (p *Proxy) note(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = errors.Join(p.err, err)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
