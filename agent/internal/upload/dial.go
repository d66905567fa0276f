package upload

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
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
)

// dial makes a connection that opens with the first call. HTTPS_PROXY and NO_PROXY are honoured; the proxy resolves the name.
// No compressor is registered: boxes are compressed and sealed already.
func dial(addr string, server *pin.Server, own ...tls.Certificate) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(addr,
		grpc.WithTransportCredentials(credentials.NewTLS(server.TLS(own...))),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: 20 * time.Second}),
		grpc.WithDisableServiceConfig(), // what a name server says changes nothing here
	)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to %s: %w", addr, err)
	}
	return conn, nil
}

// proxyOf is the host of the proxy that a connection to addr goes through, "" if there is none. It asks what dial asks.
func proxyOf(addr string) string {
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: &url.URL{Scheme: "https", Host: addr}})
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}

// wrongServer says that somebody else answers at addr, and who it may be.
func wrongServer(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil || proxyOf(addr) == "" {
		return wordsWrongCA
	}
	return "your proxy replaces certificates; ask to exempt " + host + " from TLS inspection; what is recorded waits here until then"
}

// Reach makes a connection as the agent does, through the proxy if HTTPS_PROXY names one, and ends it: it calls nothing. The error is a
// sentence for the person.
func Reach(ctx context.Context, id keystore.Identity) (err error) {
	server := pin.ByCertificate(id.CA)
	conn, err := dial(id.Collector, server, id.TLS)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	conn.Connect()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		if state != connectivity.TransientFailure && conn.WaitForStateChange(ctx, state) {
			continue
		}
		if server.Refused() {
			return errors.New(wrongServer(id.Collector))
		}
		if proxy := proxyOf(id.Collector); proxy != "" {
			return fmt.Errorf("it does not answer through the proxy %s, which HTTPS_PROXY names; what is recorded waits here until it does", proxy)
		}
		return errors.New("it does not answer at its address; what is recorded waits here until it does")
	}
	return nil
}
