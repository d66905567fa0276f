package upload

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/proxy"
)

// secure makes a proxy that speaks TLS, with a certificate of this authority.
func secure(t *testing.T, by *x509.Certificate, key *ecdsa.PrivateKey) *relay {
	t.Helper()
	own := newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(4), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by, own.Public(), key)
	fatal(t, err)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: own}}})
	fatal(t, err)
	return &relay{l: l}
}

// TestThroughSecureProxy: a proxy that is spoken to over TLS, with a certificate of the company's own authority and a password, takes a line to
// a name that only it can resolve. One that nobody vouches for gets neither the password nor the name.
func TestThroughSecureProxy(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	id := c.identity(t)
	names := map[string]string{"collector.invalid:7443": id.Collector}
	stranger := newAuthority(t)
	good, bad := secure(t, ours.cert, ours.key), secure(t, stranger.cert, stranger.key)
	good.serve(t, names, nil)
	bad.serve(t, names, nil)
	ask := func(p *relay, to string) error {
		t.Helper()
		u := &url.URL{Scheme: "https", Host: p.l.Addr().String(), User: url.UserPassword("me", "secret")}
		conn, err := dialThrough(u, to, pin.ByCertificate(id.CA), new(lifeline), id.TLS)
		fatal(t, err)
		defer func() { fatal(t, conn.Close()) }()
		_, err = pb.NewDeviceClient(conn).GetPolicy(t.Context(), &pb.GetPolicyRequest{})
		if doubt := proxy.Doubtful(t.Context(), u); doubt != (p == bad) {
			t.Errorf("doubtful: %v", doubt)
		}
		return err
	}
	fatal(t, ask(good, "collector.invalid:7443"))
	if n := good.was("CONNECT collector.invalid:7443 Basic bWU6c2VjcmV0"); n != 1 {
		t.Errorf("the proxy was asked %q", good.asked)
	}
	if ask(good, "elsewhere.invalid:7443") == nil {
		t.Error("a refusal of the proxy is taken for a line")
	}
	if ask(bad, "collector.invalid:7443") == nil || len(bad.asked) != 0 {
		t.Errorf("a proxy that nobody vouches for was asked %q", bad.asked)
	}
	if c.count(func() int { return c.checkIns }) != 1 {
		t.Error("the collector was reached in another way")
	}
}

// TestTrace: each step is told without a name or an address.
func TestTrace(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	id := c.identity(t)
	company.serve(t, map[string]string{"collector.invalid:7443": id.Collector}, nil)
	want := func(name string, lines ...string) {
		t.Helper()
		got := Trace(t.Context(), id)
		for i, line := range lines {
			if got[i] != line {
				t.Errorf("%s: %q, want %q", name, got[i], line)
			}
		}
	}
	want("direct", "proxy: none for this collector", "name: none, it is an address", "certificate: the collector's own, which was pinned at enrolment", "line: whole")
	id.Collector = "collector.invalid:7443"
	want("proxy", "proxy: http", "name: left to the proxy", "certificate: the collector's own, which was pinned at enrolment", "line: whole")
	id.Collector = "direct.invalid:7443"
	want("no such name", "proxy: none for this collector", "name: not known here", "certificate: none came", "line: broken")
	id.Collector, id.CA = c.addr, newAuthority(t).cert
	want("another authority", "proxy: none for this collector", "name: none, it is an address", "certificate: somebody else's; a proxy that inspects TLS replaces certificates")
}
