package upload

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
)

// TestMain sets HTTPS_PROXY before anything reads it, as a company's laptop has it. Loopback addresses never go through it.
func TestMain(m *testing.M) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	if err := errors.Join(os.Setenv("HTTPS_PROXY", "http://"+l.Addr().String()), os.Setenv("NO_PROXY", "direct.invalid"), os.Unsetenv("https_proxy"), os.Unsetenv("no_proxy")); err != nil {
		panic(err)
	}
	company.l = l
	if err := vouch(); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

var company relay

// ours is the company's own authority, which this computer trusts beside nobody.
var ours struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// vouch lets this process trust the company's authority as a laptop of the company does.
func vouch() error {
	var err error
	if ours.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return err
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, ours.key.Public(), ours.key)
	if err != nil {
		return err
	}
	if ours.cert, err = x509.ParseCertificate(der); err != nil {
		return err
	}
	f, err := os.CreateTemp("", "byleave-company-*.pem")
	if err != nil {
		return err
	}
	err = errors.Join(pem.Encode(f, &pem.Block{Type: "CERTIFICATE", Bytes: der}), f.Close(), os.Setenv("SSL_CERT_FILE", f.Name()), os.Setenv("SSL_CERT_DIR", "/nowhere"))
	_, cerr := x509.SystemCertPool() // reads the file, once for the process
	return errors.Join(err, cerr, os.Remove(f.Name()))
}

// relay is an HTTP proxy that knows CONNECT. It resolves names, which nobody else here can.
type relay struct {
	l  net.Listener
	mu sync.Mutex // guards what follows

	names   map[string]string // what a name stands for
	inspect *tls.Config       // what it answers with instead of the server
	asked   []string
}

// serve runs the proxy until the test ends.
func (p *relay) serve(t *testing.T, names map[string]string, inspect *tls.Config) {
	t.Helper()
	p.mu.Lock()
	p.names, p.inspect, p.asked = names, inspect, nil
	p.mu.Unlock()
	l, err := net.Listen("tcp", p.l.Addr().String())
	if err != nil { // the first test takes the listener that TestMain made
		l = p.l
	}
	var conns sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { p.handle(ctx, c) })
		}
	})
	t.Cleanup(func() {
		cancel()
		fatal(t, l.Close())
		conns.Wait()
	})
}

func (p *relay) handle(ctx context.Context, c net.Conn) {
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	req, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, req.Method+" "+req.Host+strings.TrimSuffix(" "+req.Header.Get("Proxy-Authorization"), " "))
	to, inspect := p.names[req.Host], p.inspect
	p.mu.Unlock()
	if req.Method != http.MethodConnect || to == "" {
		io.WriteString(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
	if inspect != nil {
		s := tls.Server(c, inspect)
		if s.Handshake() == nil {
			io.Copy(io.Discard, s)
		}
		return
	}
	d, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer d.Close()
	defer context.AfterFunc(ctx, func() { d.Close() })()
	done := make(chan struct{})
	go func() { defer close(done); io.Copy(d, c); d.Close() }()
	io.Copy(c, d)
	c.Close()
	<-done
}

func (p *relay) was(what string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.asked {
		if a == what {
			n++
		}
	}
	return n
}

// TestThroughProxy: a box goes through a company's proxy to a name that only the proxy can resolve.
func TestThroughProxy(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	id := c.identity(t)
	company.serve(t, map[string]string{"collector.invalid:7443": id.Collector}, nil)
	id.Collector = "collector.invalid:7443"
	fatal(t, Reach(t.Context(), id))
	u := run(t, id, nil)
	u.send(newBox(t, 1, 1))
	until(t, "the box", func() bool { return u.queue.done() == 1 })
	u.stop()
	if n := company.was("CONNECT collector.invalid:7443"); n != 2 {
		t.Errorf("the proxy was asked %d times, want 2", n)
	}
	// What NO_PROXY names goes past it, and so fails here: there is no such name.
	id.Collector = "direct.invalid:7443"
	if err := Reach(t.Context(), id); err == nil || strings.Contains(err.Error(), "proxy") {
		t.Errorf("past the proxy: %v", err)
	}
	// A proxy that does not let it through is named.
	id.Collector = "elsewhere.invalid:7443"
	if err := Reach(t.Context(), id); err == nil || !strings.Contains(err.Error(), "through the proxy "+company.l.Addr().String()) {
		t.Errorf("a proxy that refuses: %v", err)
	}
}

// TestInspectingProxy: a proxy that opens TLS gets nothing, and the person reads which name is to be exempted.
func TestInspectingProxy(t *testing.T) {
	key := newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(3), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"collector.invalid"}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	fatal(t, err)
	c := new(collector).start(t, newAuthority(t))
	id := c.identity(t)
	company.serve(t, map[string]string{"collector.invalid:7443": id.Collector}, &tls.Config{NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	id.Collector = "collector.invalid:7443"
	const want = "your proxy replaces certificates; ask to exempt collector.invalid from TLS inspection; what is recorded waits here until then"
	if err := Reach(t.Context(), id); err == nil || err.Error() != want {
		t.Errorf("doctor says: %v", err)
	}
	u := run(t, id, nil)
	u.send(newBox(t, 1, 1))
	until(t, "the words", func() bool { return u.Status().Words == want })
	u.stop()
	if u.queue.left() != 1 || c.count(func() int { return len(c.received) }) != 0 {
		t.Error("the box left")
	}
	err = deviceKeys{sign: id.Sign}.ask(t.Context(), pin.Invitation{Collector: id.Collector}, pin.ByCertificate(id.CA),
		func(ctx context.Context, c pb.EnrolmentClient, req *pb.EnrolRequest) error {
			_, err := c.Enrol(ctx, req)
			return err
		})
	if !errors.Is(err, ErrWrongCA) || !strings.Contains(err.Error(), "ask to exempt collector.invalid") {
		t.Errorf("enrolment says: %v", err)
	}
}

// TestNoAddressOfAProxy: behind what is no address of a proxy nothing is sent, and status, doctor, support bundle and enrolment say why.
func TestNoAddressOfAProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://secret.corp:port")
	const want = "HTTPS_PROXY is no address of a proxy: write it as http://HOST:PORT or https://HOST:PORT, or take it away if there is no proxy; nothing is sent until then"
	id := new(collector).start(t, newAuthority(t)).identity(t)
	id.Collector = "collector.invalid:7443"
	if err := Reach(t.Context(), id); err == nil || err.Error() != want {
		t.Errorf("doctor says: %v", err)
	}
	u := run(t, id, nil)
	u.send(newBox(t, 1, 1))
	until(t, "the words", func() bool { return u.Status().Words == want })
	u.stop()
	if u.queue.left() != 1 {
		t.Error("the box left")
	}
	err := deviceKeys{sign: id.Sign}.ask(t.Context(), pin.Invitation{Collector: id.Collector}, pin.ByCertificate(id.CA),
		func(context.Context, pb.EnrolmentClient, *pb.EnrolRequest) error {
			t.Error("the invitation was sent")
			return nil
		})
	if err == nil || err.Error() != want {
		t.Errorf("enrolment says: %v", err)
	}
	lines := strings.Join(Trace(t.Context(), id), "\n")
	if !strings.Contains(lines, "proxy: what HTTPS_PROXY says is no address\nname: left to the proxy\n") || strings.Contains(lines, "secret") {
		t.Error(lines)
	}
}
