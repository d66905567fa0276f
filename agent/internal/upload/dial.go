package upload

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/pin"
)

const (
	maxMessage = 1<<20 + 1<<10 // a box of 1 MiB and what protobuf adds
	callLimit  = 30 * time.Second
	window     = 1 << 20 // bytes that the collector may send before they are read
)

// sendBuffer bounds what the kernel takes over from us before it is on its way, so that we see what a slow line moves: at 1 KB/s a
// box takes minutes, and is alive all the time.
const sendBuffer = 16 << 10

// lifeline hears whenever bytes move on a connection, and keeps them to a rate. The zero lifeline tells nobody and has no rate.
type lifeline struct {
	tell atomic.Pointer[func()]
	rate func() int64 // bytes a second; 0: any
}

// hear makes f be called from now on, from any goroutine.
func (l *lifeline) hear(f func()) { l.tell.Store(&f) }

func (l *lifeline) moved(n int) {
	if f := l.tell.Load(); f != nil && n > 0 {
		(*f)()
	}
}

// spread waits for as long as n bytes take at the rate.
func (l *lifeline) spread(n int) {
	if l.rate == nil {
		return
	}
	if rate := l.rate(); rate > 0 {
		time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
	}
}

// watched are credentials that put a lifeline into what they make safe.
type watched struct {
	credentials.TransportCredentials
	line *lifeline
}

func (w watched) ClientHandshake(ctx context.Context, authority string, raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	below := raw
	if through, ok := raw.(*tls.Conn); ok { // a proxy that is spoken to over TLS
		below = through.NetConn()
	}
	if t, ok := below.(*net.TCPConn); ok {
		if err := t.SetWriteBuffer(sendBuffer); err != nil {
			return nil, nil, err
		}
	}
	return w.TransportCredentials.ClientHandshake(ctx, authority, &moving{raw, w.line})
}

func (w watched) Clone() credentials.TransportCredentials {
	return watched{w.TransportCredentials.Clone(), w.line}
}

// moving is a connection that tells its lifeline what moves.
type moving struct {
	net.Conn
	line *lifeline
}

func (m *moving) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.line.moved(n)
	return n, err
}

// Write hands on a little at a time: each bit that the kernel takes is a sign of life.
func (m *moving) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = m.Conn.Write(b[n:min(n+sendBuffer/4, len(b))])
		n += k
		m.line.moved(k)
		m.line.spread(k)
	}
	return n, err
}

// dial makes a connection that opens with the first call. HTTPS_PROXY and NO_PROXY are honoured; the proxy resolves the name.
// No compressor is registered: boxes are compressed and sealed already. Windows are fixed: to measure them takes a packet of ours for each
// answer.
func dial(addr string, server *pin.Server, line *lifeline, own ...tls.Certificate) (*grpc.ClientConn, error) {
	proxy, err := proxyURL(addr)
	if err != nil {
		return nil, fmt.Errorf("HTTPS_PROXY: %w", err)
	}
	return dialThrough(proxy, addr, server, line, own...)
}

// dialThrough is dial through this proxy; nil: none. One that speaks TLS itself is ours to reach: gRPC knows plain ones alone.
func dialThrough(proxy *url.URL, addr string, server *pin.Server, line *lifeline, own ...tls.Certificate) (*grpc.ClientConn, error) {
	target, options := addr, []grpc.DialOption{}
	if proxy != nil && proxy.Scheme == "https" {
		target, options = "passthrough:///"+addr, []grpc.DialOption{grpc.WithContextDialer(secureProxy{proxy}.dial)}
	}
	conn, err := grpc.NewClient(target, append(options,
		grpc.WithTransportCredentials(watched{credentials.NewTLS(server.TLS(own...)), line}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage), grpc.ForceCodecV2(newCodec())),
		grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: time.Minute}),
		grpc.WithDisableServiceConfig(), // what a name server says changes nothing here
	)...)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to %s: %w", addr, err)
	}
	return conn, nil
}

// ProxyOf is the host of the proxy that a connection to addr goes through, "" if there is none. It asks what dial asks.
func ProxyOf(addr string) string {
	proxy, err := proxyURL(addr)
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

// wrongServer says that somebody else answers at addr, and who it may be.
func wrongServer(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || ProxyOf(addr) == "" {
		return wordsWrongCA
	}
	return "your proxy replaces certificates; ask to exempt " + host + " from TLS inspection; what is recorded waits here until then"
}

// Reach makes a connection as the agent does, through the proxy if HTTPS_PROXY names one, and ends it: it calls nothing. The error is a
// sentence for the person.
func Reach(ctx context.Context, id keystore.Identity) error {
	_, err := reach(ctx, id)
	return err
}

// reach is Reach; other tells that somebody else answered.
func reach(ctx context.Context, id keystore.Identity) (other bool, err error) {
	server := pin.ByCertificate(id.CA)
	conn, err := dial(id.Collector, server, new(lifeline), id.TLS)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if state != connectivity.TransientFailure && conn.WaitForStateChange(ctx, state) {
			continue
		}
		if server.Refused() {
			return true, errors.New(wrongServer(id.Collector))
		}
		if proxy, err := proxyURL(id.Collector); err == nil && proxy != nil && proxy.Scheme == "https" && (secureProxy{proxy}).doubtful(ctx) {
			return false, fmt.Errorf("nobody whom this computer trusts vouches for the proxy %s; install your company's authority, or name its file with SSL_CERT_FILE", proxy.Host)
		}
		if proxy := ProxyOf(id.Collector); proxy != "" {
			return false, fmt.Errorf("it does not answer through the proxy %s, which HTTPS_PROXY names; what is recorded waits here until it does", proxy)
		}
		return false, errors.New("it does not answer at its address; what is recorded waits here until it does")
	}
	return false, nil
}
