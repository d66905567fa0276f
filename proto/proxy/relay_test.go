package proxy

import (
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// TestFirstWords: a proxy is told in the way that its address says: to one that speaks TLS nothing is said in the clear, least of all a password.
func TestFirstWords(t *testing.T) {
	for scheme, want := range map[string]string{"http": "CONNECT collector.invalid:7443 HTTP/1.1\r\n", "https": "\x16\x03\x01"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		target, how := Through(&url.URL{Scheme: scheme, Host: l.Addr().String(), User: url.UserPassword("me", "secret")}, "collector.invalid:7443")
		conn, err := grpc.NewClient(target, append(how, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
		if err != nil {
			t.Fatal(err)
		}
		conn.Connect()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, len(want))
		if err := c.SetReadDeadline(time.Now().Add(3 * time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", scheme, b, err)
		}
		_, _, _ = conn.Close(), c.Close(), l.Close()
	}
}

// TestPorts: a proxy without a port listens at that of its scheme.
func TestPorts(t *testing.T) {
	for said, want := range map[string]string{
		"http://proxy.corp": "proxy.corp:80", "https://proxy.corp": "proxy.corp:443", "http://proxy.corp:3128": "proxy.corp:3128", "http://[fd00::1]": "[fd00::1]:80",
	} {
		u, err := url.Parse(said)
		if err != nil {
			t.Fatal(err)
		}
		if got := (relay{u}).address(); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}
