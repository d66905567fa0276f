package upload

import (
	"bufio"
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
)

// secureProxy is a proxy that is spoken to over TLS. Whoever the system trusts may vouch for it, a company's own authority among them; it sees
// the collector's name and bytes that it cannot open.
type secureProxy struct{ *url.URL }

// reach makes the connection to the proxy itself.
func (p secureProxy) reach(ctx context.Context) (net.Conn, error) {
	port := p.Port()
	if port == "" {
		port = "443"
	}
	conn, err := (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext(ctx, "tcp", net.JoinHostPort(p.Hostname(), port))
	if err != nil {
		return nil, fmt.Errorf("reach the proxy: %w", err)
	}
	return conn, nil
}

// doubtful tells whether nobody whom this computer trusts vouches for the proxy.
func (p secureProxy) doubtful(ctx context.Context) bool {
	conn, err := p.reach(ctx)
	if err == nil {
		_ = conn.Close() // nothing was said on it
	}
	var doubt *tls.CertificateVerificationError
	return errors.As(err, &doubt)
}

// dial asks the proxy for a line to addr. The proxy resolves the name.
func (p secureProxy) dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
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
func (p secureProxy) ask(conn net.Conn, addr string) error {
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
