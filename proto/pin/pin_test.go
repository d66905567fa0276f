package pin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

func fp(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func good() string {
	return "byleave://collector.example:7443/?ca=" + fp("ca") + "&policy=" + fp("policy") + "&ledger=" + fp("ledger") + "&token=abcdefghijklmnop_-0123"
}

func TestParse(t *testing.T) {
	want := Invitation{Collector: "collector.example:7443", CA: sha256.Sum256([]byte("ca")), Policy: sha256.Sum256([]byte("policy")),
		Ledger: sha256.Sum256([]byte("ledger")), Token: "abcdefghijklmnop_-0123"}
	for _, text := range []string{good(), " " + good() + "\n", strings.Replace(good(), fp("ca"), fp("ca")+"%3D", 1)} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("%v %v", got, err)
		}
	}
	if got, err := Parse(strings.Replace(good(), "collector.example", "[::1]", 1)); err != nil || got.Collector != "[::1]:7443" {
		t.Errorf("IPv6: %v %v", got, err)
	}
}

func TestParseRefusesAndQuotesNothing(t *testing.T) {
	for name, text := range map[string]string{
		"empty":           "",
		"another scheme":  strings.Replace(good(), "byleave", "https", 1),
		"no port":         strings.Replace(good(), ":7443", "", 1),
		"port 0":          strings.Replace(good(), ":7443", ":0", 1),
		"no host":         strings.Replace(good(), "collector.example", "", 1),
		"turned writing":  strings.Replace(good(), "collector", "a%E2%80%AEb", 1),
		"an escape":       strings.Replace(good(), "collector", "a%C2%9B31mb", 1),
		"user":            strings.Replace(good(), "collector", "me@collector", 1),
		"path":            strings.Replace(good(), "/?", "/x?", 1),
		"fragment":        good() + "#x",
		"cut":             good()[:len(good())-16],
		"cut fingerprint": strings.Replace(good(), fp("ca"), fp("ca")[1:], 1),
		"no ledger":       strings.Replace(good(), "&ledger="+fp("ledger"), "", 1),
		"ca twice":        good() + "&ca=" + fp("ca"),
		"unknown field":   good() + "&x=1",
		"loose bits":      strings.Replace(good(), fp("ca"), fp("ca")[:42]+"_", 1),
		"token with NUL":  strings.Replace(good(), "abcdefghijklmnop", "abcdefghijklmno%00", 1),
		"token climbs":    strings.Replace(good(), "abcdefghijklmnop", "../../../../../../../..", 1),
		"endless":         good() + strings.Repeat("a", maxInvitation),
	} {
		_, err := Parse(text)
		if !errors.Is(err, ErrInvitation) || strings.Contains(err.Error(), "0123") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(good())
	f.Add("byleave://a:1/?ca=&policy=&ledger=&token=")
	f.Fuzz(func(t *testing.T, text string) {
		inv, err := Parse(text)
		if err != nil {
			return
		}
		if _, _, err := net.SplitHostPort(inv.Collector); err != nil || !isToken(inv.Token) {
			t.Fatalf("accepted %q", text)
		}
	})
}

type maker struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func issue(t *testing.T, tmpl *x509.Certificate, by *maker, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	tmpl.SerialNumber, tmpl.NotBefore = big.NewInt(1), time.Now().Add(-2*time.Hour)
	if tmpl.NotAfter.IsZero() {
		tmpl.NotAfter = time.Now().Add(time.Hour)
	}
	parent, signer := tmpl, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func newMaker(t *testing.T) *maker {
	t.Helper()
	key := newKey(t)
	return &maker{issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "same name"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign}, nil, key), key}
}

// shake does one handshake and returns the client's error.
func shake(t *testing.T, s *Server, version uint16, chain [][]byte, key *ecdsa.PrivateKey) error {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c := tls.Server(server, &tls.Config{MaxVersion: version, Certificates: []tls.Certificate{{Certificate: chain, PrivateKey: key}}})
		if c.Handshake() == nil {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				t.Error("read something")
			}
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}()
	err := tls.Client(client, s.TLS()).Handshake()
	if closeErr := client.Close(); closeErr != nil {
		t.Error(closeErr)
	}
	<-done
	return err
}

func TestHandshakes(t *testing.T) {
	ours, theirs := newMaker(t), newMaker(t)
	key := newKey(t)
	server := func(m *maker, usage x509.ExtKeyUsage, until time.Time) []byte {
		return issue(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{usage}, NotAfter: until}, m, key).Raw
	}
	fine := server(ours, x509.ExtKeyUsageServerAuth, time.Time{})
	for name, c := range map[string]struct {
		chain   [][]byte
		version uint16
		ok      bool
	}{
		"leaf and authority":            {[][]byte{fine, ours.cert.Raw}, tls.VersionTLS13, true},
		"more in between":               {[][]byte{fine, theirs.cert.Raw, ours.cert.Raw}, tls.VersionTLS13, true},
		"another authority":             {[][]byte{server(theirs, x509.ExtKeyUsageServerAuth, time.Time{}), theirs.cert.Raw}, tls.VersionTLS13, false},
		"another with ours shown along": {[][]byte{server(theirs, x509.ExtKeyUsageServerAuth, time.Time{}), ours.cert.Raw}, tls.VersionTLS13, false},
		"a device as server":            {[][]byte{server(ours, x509.ExtKeyUsageClientAuth, time.Time{}), ours.cert.Raw}, tls.VersionTLS13, false},
		"expired":                       {[][]byte{server(ours, x509.ExtKeyUsageServerAuth, time.Now().Add(-time.Hour)), ours.cert.Raw}, tls.VersionTLS13, false},
		"TLS 1.2":                       {[][]byte{fine, ours.cert.Raw}, tls.VersionTLS12, false},
	} {
		for kind, s := range map[string]*Server{"fingerprint": ByFingerprint(sha256.Sum256(ours.cert.Raw)), "certificate": ByCertificate(ours.cert)} {
			err := shake(t, s, c.version, c.chain, key)
			if (err == nil) != c.ok || c.ok && !s.CA().Equal(ours.cert) {
				t.Errorf("%s, by %s: %v", name, kind, err)
			}
			if refused := !c.ok && c.version == tls.VersionTLS13; s.Refused() != refused {
				t.Errorf("%s, by %s: refused %v", name, kind, s.Refused())
			}
		}
	}
	alone := [][]byte{fine}
	if err := shake(t, ByFingerprint(sha256.Sum256(ours.cert.Raw)), tls.VersionTLS13, alone, key); !errors.Is(err, ErrWrongCA) {
		t.Errorf("a fingerprint cannot vouch for a chain without its authority: %v", err)
	}
	if err := shake(t, ByCertificate(ours.cert), tls.VersionTLS13, alone, key); err != nil {
		t.Errorf("a known authority needs not be sent: %v", err)
	}
}

func TestALeafIsNoAuthority(t *testing.T) {
	key := newKey(t)
	leaf := issue(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, nil, key)
	if err := shake(t, ByFingerprint(sha256.Sum256(leaf.Raw)), tls.VersionTLS13, [][]byte{leaf.Raw}, key); !errors.Is(err, ErrWrongCA) {
		t.Fatal(err)
	}
}
