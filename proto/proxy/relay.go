package proxy

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/grpc"
)

// answerIn is how long a proxy may take to answer.
const answerIn = 30 * time.Second

// Through gives what gRPC dials to reach addr by this proxy (nil: none), and how. gRPC itself knows proxies without TLS alone: to another it would say a
// password in the clear, and without a port it takes the wrong one.
func Through(u *url.URL, addr string) (target string, how []grpc.DialOption) {
	if u == nil {
		return addr, []grpc.DialOption{grpc.WithNoProxy()}
	}
	return "passthrough:///" + addr, []grpc.DialOption{grpc.WithContextDialer(relay{u}.dial)}
}

// Doubtful tells whether a proxy speaks TLS and nobody whom this computer trusts vouches for it.
func Doubtful(ctx context.Context, u *url.URL) bool {
	if u.Scheme != "https" {
		return false
	}
	conn, err := relay{u}.reach(ctx)
	if err == nil {
		_ = conn.Close() // nothing was said on it
	}
	var doubt *tls.CertificateVerificationError
	return errors.As(err, &doubt)
}

// relay is a proxy. One that is spoken to over TLS may be vouched for by whoever the system trusts, a company's own authority among them. It sees the
// collector's name and bytes that it cannot open.
type relay struct{ *url.URL }

// address is where it listens.
func (p relay) address() string {
	port := "80"
	if p.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(p.Hostname(), cmp.Or(p.Port(), port))
}

// reach makes the connection to the proxy itself.
func (p relay) reach(ctx context.Context) (conn net.Conn, err error) {
	if p.Scheme == "https" {
		conn, err = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", p.address())
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", p.address())
	}
	if err != nil {
		return nil, fmt.Errorf("reach the proxy: %w", err)
	}
	return conn, nil
}

// dial asks the proxy for a line to addr. The proxy resolves the name.
func (p relay) dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	conn, err := p.reach(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what waits
	err = p.ask(conn, addr)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// ask sends CONNECT. Nothing may follow the answer before we speak: the collector never speaks first.
func (p relay) ask(conn net.Conn, addr string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Host: addr}, Host: addr, Header: http.Header{}}
	if p.User != nil {
		password, _ := p.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(p.User.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return fmt.Errorf("ask the proxy: %w", err)
	}
	r := bufio.NewReaderSize(io.LimitReader(conn, 64<<10), 4<<10)
	res, err := http.ReadResponse(r, req)
	if err != nil {
		return fmt.Errorf("ask the proxy: %w", err)
	}
	if res.StatusCode != http.StatusOK || r.Buffered() > 0 {
		return fmt.Errorf("the proxy refuses: status %d", res.StatusCode)
	}
	return res.Body.Close() // there is none
}
