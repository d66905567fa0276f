package ingest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// replays are certificates that somebody else showed before, or that are made from one.
func (s *scene) replays() []attack {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.t, err)
	theirs, err := x509.ParseCertificate(s.victim.cert.Certificate[0])
	must(s.t, err)
	made := func(by *x509.Certificate, with any) []byte {
		tmpl := &x509.Certificate{SerialNumber: theirs.SerialNumber, URIs: theirs.URIs, NotBefore: theirs.NotBefore, NotAfter: theirs.NotAfter,
			KeyUsage: theirs.KeyUsage, ExtKeyUsage: theirs.ExtKeyUsage}
		if by == nil {
			by = tmpl
		}
		der, err := x509.CreateCertificate(rand.Reader, tmpl, by, key.Public(), with)
		must(s.t, err)
		return der
	}
	mine, err := x509.ParseCertificate(s.mallory.cert.Certificate[0])
	must(s.t, err)
	poison := &x509.Certificate{SerialNumber: big.NewInt(9), IsCA: true, BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour), Subject: s.authority.Certificate().Subject}
	poisoned, err := x509.CreateCertificate(rand.Reader, poison, poison, key.Public(), key)
	must(s.t, err)
	fake, err := x509.ParseCertificate(poisoned)
	must(s.t, err)
	attacks := []attack{}
	for name, chain := range map[string][][]byte{
		"another device's certificate without its key":         {theirs.Raw},
		"another device's identity, signed by itself":          {made(nil, key)},
		"another device's identity, signed by a device":        {made(mine, s.mallory.cert.PrivateKey), mine.Raw},
		"another device's identity, of an authority of a name": {made(fake, key), poisoned},
		"own certificate behind another device's":              {theirs.Raw, mine.Raw},
		"the authority's certificate":                          {s.authority.Certificate().Raw},
	} {
		attacks = append(attacks, attack{name, "Unavailable", call(s.show(tls.Certificate{Certificate: chain, PrivateKey: key}), pb.Device_GetPolicy_FullMethodName)})
	}
	return attacks
}

// show connects with a certificate, also one that no honest client would think the collector takes.
func (s *scene) show(cert tls.Certificate) *grpc.ClientConn {
	s.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(s.authority.Certificate())
	conn, err := grpc.NewClient(s.addr, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }})))
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, conn.Close()) })
	return conn
}

// words are what a device says of news, and words of withdrawals, as no agent says them. None opens or shuts anything.
func (s *scene) words() (out []attack) {
	flipped := s.mallory.box(100).Bytes()
	flipped[len(flipped)-1] ^= 1
	for name, heard := range map[string][]byte{"31 bytes": make([]byte, 31), "33 bytes": make([]byte, 33), "ones": bytes.Repeat([]byte{0xff}, markSize), "900 KB": make([]byte, 900_000)} {
		out = append(out, attack{"heard of " + name + ", with a forged box", "QUARANTINE", func() string {
			l := s.mallory.open()
			defer l.close()
			return strings.TrimPrefix(l.sendRaw(flipped, heard).String(), "OUTCOME_")
		}})
	}
	put := func(name, want string, change func(*pb.ConsentStub)) attack {
		return attack{"stub: " + name, want, func() string {
			_, err := pb.NewDeviceClient(s.mallory.conn).PutConsent(context.Background(), &pb.PutConsentRequest{Stub: s.mallory.stub(change)})
			return codeOf(err).String()
		}}
	}
	fresh := func(m *pb.ConsentStub) { m.Id = bytes.Repeat([]byte{5}, 16) }
	word := func(n int) func(*pb.ConsentStub) {
		return func(m *pb.ConsentStub) { fresh(m); m.Withdrawn, m.Word = true, make([]byte, n) }
	}
	return append(out, put("a word of 31 bytes", "InvalidArgument", word(31)), put("a word of 33 bytes", "InvalidArgument", word(33)), put("a word of 4 KiB", "InvalidArgument", word(4096)),
		put("a word in a consent that stands", "InvalidArgument", func(m *pb.ConsentStub) { fresh(m); m.Word = make([]byte, 32) }),
		put("another device's withdrawal with a word", "FailedPrecondition", func(m *pb.ConsentStub) { m.Id, m.Withdrawn, m.Word = s.victim.seal.Consent[:], true, make([]byte, 32) }))
}

// TestI18CallsPerDevice: whatever one device asks for, there is an end, with a time to come back; others are not touched by it.
func TestI18CallsPerDevice(t *testing.T) {
	r := newRig(t, nil)
	key := newHPKE(t).PublicKey()
	d, other := r.device(key), r.device(key)
	var err error
	n := 0
	for ; n < 100*callBurst && codeOf(err).String() != "Unavailable"; n++ {
		_, err = pb.NewDeviceClient(d.conn).GetPolicy(context.Background(), &pb.GetPolicyRequest{})
	}
	if codeOf(err).String() != "Unavailable" || n <= callBurst {
		t.Fatalf("after %d calls: %v", n, err)
	}
	must(t, other.consent(nil))
	r.bare.check(t)
}

// TestI18SlowClients: whoever connects and says nothing, or not the rest of it, is hung up on; meanwhile others are served.
func TestI18SlowClients(t *testing.T) {
	r := newRig(t, nil)
	d := r.device(newHPKE(t).PublicKey())
	must(t, d.consent(nil))
	pool := x509.NewCertPool()
	pool.AddCert(r.authority.Certificate())
	conf := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{d.cert}}
	plain := func(said string) func() (net.Conn, error) {
		return func() (net.Conn, error) {
			c, err := net.Dial("tcp", r.addr)
			if err == nil {
				_, err = io.WriteString(c, said)
			}
			return c, err
		}
	}
	inside := func(said string) func() (net.Conn, error) {
		return func() (net.Conn, error) {
			c, err := tls.Dial("tcp", r.addr, conf)
			if err == nil {
				_, err = io.WriteString(c, said)
			}
			return c, err
		}
	}
	var all sync.WaitGroup
	for name, dial := range map[string]func() (net.Conn, error){
		"silence": plain(""), "one byte": plain("\x16"), "half a record": plain("\x16\x03\x01\x02\x00\x01\x00\x01\xfc"),
		"TLS, then silence": inside(""), "half a preface": inside("PRI * HTTP/2.0\r\n"), "a preface without settings": inside("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	} {
		for i := range 8 {
			all.Go(func() {
				c, err := dial()
				if err != nil {
					t.Errorf("%s %d: %v", name, i, err)
					return
				}
				defer c.Close()
				if err := c.SetDeadline(time.Now().Add(3 * time.Minute)); err != nil {
					t.Error(err)
				}
				if _, err := io.Copy(io.Discard, c); err != nil && strings.Contains(fmt.Sprint(err), "timeout") {
					t.Errorf("%s: left waiting", name)
				}
			})
		}
	}
	d.want(pb.Outcome_OUTCOME_STORED, d.box(10).Bytes())
	all.Wait()
	d.want(pb.Outcome_OUTCOME_STORED, d.box(10).Bytes())
}

// TestI18DeafDevice: a device that sends and never reads its answers holds a bounded share, and nobody else waits for it.
func TestI18DeafDevice(t *testing.T) {
	r := newRig(t, nil)
	key := newHPKE(t).PublicKey()
	deaf, other := r.device(key), r.device(key)
	must(t, deaf.consent(nil))
	must(t, other.consent(nil))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := pb.NewDeviceClient(deaf.conn).Upload(ctx)
	must(t, err)
	box := deaf.box(200_000).Bytes()
	var sent sync.WaitGroup
	sent.Go(func() {
		for stream.Send(&pb.UploadRequest{Box: box, Heard: make([]byte, markSize)}) == nil {
		}
	})
	for range 20 {
		must(t, other.consent(nil))
		other.want(pb.Outcome_OUTCOME_STORED, other.box(1000).Bytes())
	}
	if used := r.ingest.memory.used.Load(); used > deviceBytes+1<<20 {
		t.Errorf("%d bytes of it are held", used)
	}
	cancel()
	sent.Wait()
}
