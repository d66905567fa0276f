package wire

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/credentials"
)

// calls is a connection that keeps what is written, each write by itself.
type calls struct {
	net.Conn
	of [][]byte
}

func (c *calls) Write(b []byte) (int, error) {
	c.of = append(c.of, bytes.Clone(b))
	return c.Conn.Write(b)
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pair is a connection of a device, the other end, and what the device's system is told to send. The device trusts anybody: who the other end
// is, is none of this package's business.
func pair(t *testing.T) (device net.Conn, other *tls.Conn, c *calls) {
	t.Helper()
	a, b := net.Pipe()
	c = &calls{Conn: a}
	other = tls.Server(b, &tls.Config{Certificates: []tls.Certificate{certificate(t)}, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}})
	done := make(chan error, 1)
	go func() { done <- other.Handshake() }()
	creds := paced{credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}}), nil} // the peer is the other end of this pipe
	other.SetDeadline(time.Time{})
	device, info, err := creds.ClientHandshake(context.Background(), "x", c)
	must(t, err)
	must(t, <-done)
	if got := info.(credentials.TLSInfo).State.CipherSuite; got != tls.TLS_AES_128_GCM_SHA256 {
		t.Logf("the ends agreed on %s", tls.CipherSuiteName(got))
	}
	return device, other, c
}

// TestRecordsLeaveTogether: what is written at once needs many records, and one call of the system. It arrives as it was.
func TestRecordsLeaveTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device, other, c := pair(t)
		must(t, device.(*whole).below.stride.set(quick)) // as if the line were
		got, want := new(bytes.Buffer), new(bytes.Buffer)
		done := make(chan error, 1)
		go func() { _, err := io.Copy(got, other); done <- err }()
		before := len(c.of)
		for _, n := range []int{gather, 1, gather - 1, 5, gather} {
			b := make([]byte, n)
			rand.Read(b)
			want.Write(b)
			k, err := device.Write(b)
			if must(t, err); k != n {
				t.Fatalf("%d bytes of %d", k, n)
			}
		}
		if n := len(c.of) - before; n != 5 {
			t.Errorf("%d calls for 5 writes", n)
		}
		must(t, device.Close())
		must(t, <-done)
		if !bytes.Equal(got.Bytes(), want.Bytes()) {
			t.Error("other bytes arrived")
		}
	})
}

// TestOrderIsKept: what TLS writes by itself while a write is held leaves in its place.
func TestOrderIsKept(t *testing.T) {
	c := &calls{Conn: sink{}}
	r, err := below(c, nil)
	must(t, err)
	r.hold()
	for _, s := range []string{"a", "b", "c"} {
		_, err := r.Write([]byte(s))
		must(t, err)
	}
	if len(c.of) != 0 {
		t.Fatal("it left before it was let go")
	}
	must(t, r.release())
	_, err = r.Write([]byte("d"))
	must(t, err)
	if got := string(bytes.Join(c.of, []byte(" "))); got != "abc d" {
		t.Errorf("%q", got)
	}
}

type sink struct{ net.Conn }

func (sink) Write(b []byte) (int, error) { return len(b), nil }

// TestFailureIsTold: a write whose records do not leave fails.
func TestFailureIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device, other, c := pair(t)
		must(t, c.Conn.Close())
		if n, err := device.Write(make([]byte, 100)); err == nil || n != 0 {
			t.Errorf("%d bytes, %v", n, err)
		}
		_ = other.NetConn().Close()
	})
}

// TestCloseBreaksAWrite: whoever closes does not wait for a line that takes nothing.
func TestCloseBreaksAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		device, other, _ := pair(t)
		began, done := time.Now(), make(chan error, 1)
		go func() { _, err := device.Write(make([]byte, 100)); done <- err }()
		synctest.Wait() // nobody reads
		must(t, device.Close())
		if err := <-done; !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the write ended with %v", err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v", took)
		}
		_ = other.NetConn().Close()
	})
}
