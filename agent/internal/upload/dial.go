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
	"google.golang.org/grpc/keepalive"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/proxy"
	"github.com/byleave/byleave/proto/wire"
)

const (
	maxMessage = 1<<20 + 1<<10 // a box of 1 MiB and what protobuf adds
	callLimit  = 30 * time.Second
)

// lifeline hears whenever bytes move on a connection, and keeps them to a rate. The zero lifeline tells nobody and has no rate.
type lifeline struct {
	tell atomic.Pointer[func()]
	rate func() int64 // bytes a second; 0: any
}

// hear makes f be called from now on, from any goroutine.
func (l *lifeline) hear(f func()) { l.tell.Store(&f) }

// Moved is that of wire.Pace.
func (l *lifeline) Moved(int) {
	if f := l.tell.Load(); f != nil {
		(*f)()
	}
}

// Spread waits for as long as n bytes take at the rate.
func (l *lifeline) Spread(n int) {
	if l.rate == nil {
		return
	}
	if rate := l.rate(); rate > 0 {
		time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
	}
}

// dial makes a connection that opens with the first call. HTTPS_PROXY and NO_PROXY are honoured; the proxy resolves the name.
// No compressor is registered: boxes are compressed and sealed already.
func dial(addr string, server *pin.Server, line *lifeline, own ...tls.Certificate) (*grpc.ClientConn, error) {
	through, err := proxy.For(addr)
	if err != nil {
		return nil, failure{words: err.Error()}
	}
	return dialThrough(through, addr, server, line, own...)
}

// dialThrough is dial through this proxy; nil: none.
func dialThrough(through *url.URL, addr string, server *pin.Server, line *lifeline, own ...tls.Certificate) (*grpc.ClientConn, error) {
	target, how := proxy.Through(through, addr)
	options := append(wire.Options(server.TLS(own...), line), how...)
	conn, err := grpc.NewClient(target, append(options,
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
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
	through, err := proxy.For(addr)
	if err != nil || through == nil {
		return ""
	}
	return through.Host
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
		through, err := proxy.For(id.Collector)
		switch {
		case err == nil && through != nil && proxy.Doubtful(ctx, through):
			return false, fmt.Errorf("nobody whom this computer trusts vouches for the proxy %s; install your company's authority, or name its file with SSL_CERT_FILE", through.Host)
		case err == nil && through != nil:
			return false, fmt.Errorf("it does not answer through the proxy %s, which HTTPS_PROXY names; what is recorded waits here until it does", through.Host)
		}
		return false, errors.New("it does not answer at its address; what is recorded waits here until it does")
	}
	return false, nil
}
