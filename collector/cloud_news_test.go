//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// TestTwoCollectors runs two over one PostgreSQL and one bucket. What one of them is told reaches the devices of the other, and what operators
// see does not depend on which of them they ask.
func TestTwoCollectors(t *testing.T) {
	f := newFleet(t, "two")
	t.Run("I06 a withdrawal reaches the other devices", f.withdrawal)
	t.Run("a policy reaches all devices", f.policy)
	t.Run("I11 what tail showed stays when one erases", f.tail)
}

// another enrols another device of the person, with a consent.
func (s *sender) another(t *testing.T, addr string) *sender {
	t.Helper()
	var raw [16]byte
	rand.Read(raw[:]) // never fails
	token := hex.EncodeToString(raw[:])
	sum := ca.HashToken(token)
	c, done := s.client(t, addr)
	defer done()
	_, err := c.OfferJoin(t.Context(), &pb.OfferJoinRequest{TokenSha256: sum[:], Sealed: []byte("sealed")})
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	conn := s.dial(t, addr)
	defer conn.Close()
	got, err := pb.NewEnrolmentClient(conn).Join(t.Context(), &pb.EnrolRequest{Token: token, Csr: csr, SigningKey: pub})
	must(t, err)
	e := *s
	e.own = tls.Certificate{Certificate: [][]byte{got.GetEnrolled().GetCertificate()}, PrivateKey: key}
	e.seal.Device, e.seal.Sign = [16]byte(got.GetEnrolled().GetDevice()), sign
	rand.Read(e.seal.Consent[:]) // never fails
	e.consent(t, addr)
	return &e
}

// line is an open stream of a device that listens to news.
type line struct {
	t      *testing.T
	from   *sender
	stream pb.Device_UploadClient
	news   []*pb.News
}

func (s *sender) open(t *testing.T, addr string) *line {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	c, done := s.client(t, addr)
	t.Cleanup(done)
	stream, err := c.Upload(ctx)
	must(t, err)
	l := &line{t: t, from: s, stream: stream}
	l.insist(pb.Outcome_OUTCOME_STORED)
	l.await(1) // what stands at the beginning
	return l
}

// insist sends boxes until one has this outcome.
func (l *line) insist(want pb.Outcome) {
	l.t.Helper()
	for got := pb.Outcome_OUTCOME_UNSPECIFIED; got != want; {
		b, err := seal.Seal(l.from.seal, make([]byte, 100))
		must(l.t, err)
		must(l.t, l.stream.Send(&pb.UploadRequest{Box: b.Bytes(), Heard: make([]byte, sha256.Size)}))
		r := l.next()
		for r.GetAck() == nil {
			r = l.next()
		}
		got = r.GetAck().GetOutcome()
	}
}

func (l *line) next() *pb.UploadResponse {
	l.t.Helper()
	r, err := l.stream.Recv()
	must(l.t, err)
	if r.GetNews() != nil {
		l.news = append(l.news, r.GetNews())
	}
	return r
}

// await reads until there were n news, and gives the last of them.
func (l *line) await(n int) *pb.News {
	l.t.Helper()
	for len(l.news) < n {
		l.next()
	}
	return l.news[n-1]
}

func (f *fleet) withdrawal(t *testing.T) {
	a := newSender(t, f.dirs[0], f.running[0].addr)
	b := a.another(t, f.running[0].addr)
	there := b.open(t, f.running[1].addr)
	a.putConsent(t, f.running[0].addr, func(m *pb.ConsentStub) { m.Withdrawn, m.Word = true, bytes.Repeat([]byte{9}, 32) })
	if n := there.await(2); len(n.GetWithdrawn()) != 1 { // it sends nothing: it is told
		t.Fatalf("the device at the other collector heard %v", n)
	}
	there.insist(pb.Outcome_OUTCOME_RETRY)
}

func (f *fleet) policy(t *testing.T) {
	d := newSender(t, f.dirs[0], f.running[0].addr)
	there := d.open(t, f.running[1].addr)
	template, err := exec.Command("byleave-collector", "policy", "new").Output()
	must(t, err)
	filled, err := fillPolicy(string(template), "1")
	must(t, err)
	text, signed := filepath.Join(t.TempDir(), "policy.json"), filepath.Join(t.TempDir(), "policy.signed")
	must(t, os.WriteFile(text, []byte(filled), 0o600))
	for _, args := range [][]string{
		{"policy", "sign", "--key", filepath.Join(f.dirs[0], policyKeyName), text, "--out", signed},
		{"policy", "set", "--dir", f.dirs[0], signed},
	} {
		if out, err := exec.Command("byleave-collector", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	must(t, f.running[0].cmd.Process.Signal(syscall.SIGHUP))
	if n := there.await(2); n.GetPolicy() == nil {
		t.Fatalf("the device at the other collector heard %v", n)
	}
	want, err := os.ReadFile(signed)
	must(t, err)
	got, err := os.ReadFile(filepath.Join(f.dirs[1], policyName))
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Fatal("the folder of the other collector holds another policy")
	}
}

func (f *fleet) tail(t *testing.T) {
	var people []*sender
	for range 10 {
		people = append(people, newSender(t, f.dirs[0], f.running[0].addr))
	}
	send := func() {
		for i, s := range people {
			b, err := seal.Seal(s.seal, make([]byte, 100))
			must(t, err)
			id := b.Header().Batch
			f.insist(t, s, map[string][]byte{string(id[:]): b.Bytes()}, i)
		}
	}
	show := func(dir string) string {
		out, err := exec.Command("byleave-collector", "tail", "--dir", dir).Output()
		must(t, err)
		return string(out)
	}
	send()
	before := show(f.dirs[0])
	if n := strings.Count(before, "\n"); n < 10 {
		t.Fatalf("the control: %d boxes are shown", n)
	}
	e := pb.EraseRequest{Id: newID(), All: true, Salt: append(newID(), newID()...)}
	must(t, people[3].erase(t, f.running[1].addr, &e))
	for _, dir := range []string{f.dirs[1], f.dirs[0], f.dirs[1]} {
		if show(dir) != before {
			t.Fatal("after an erasure something else is shown")
		}
	}
	send()
	after := show(f.dirs[1])
	if !strings.HasPrefix(after, before) || len(after) == len(before) || show(f.dirs[0]) != after {
		t.Fatalf("after ten more boxes two collectors show\n%s\nand\n%s", after, show(f.dirs[0]))
	}
}
