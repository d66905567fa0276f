package upload

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
)

func newRequest(n byte) *pb.EraseRequest {
	return &pb.EraseRequest{Id: bytes.Repeat([]byte{n}, 16), Batches: [][]byte{bytes.Repeat([]byte{9}, 16)}}
}

// TestErasuresAreAskedForUntilAnswered: through failures, before boxes, and also while nothing else may be sent.
func TestErasuresAreAskedForUntilAnswered(t *testing.T) {
	var tries atomic.Int32
	c := &collector{erase: func(*pb.EraseRequest) (*pb.EraseResponse, error) {
		if tries.Add(1) < 4 {
			return nil, status.Error(codes.Unavailable, "not now")
		}
		return &pb.EraseResponse{}, nil
	}}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), func(o *Options, _ *pace) { o.Wait = func() string { return "in doubt" } })
	u.queue.put(newBoxes(t, 1)...)
	u.wish.want(newRequest(1))
	u.Hurry()
	until(t, "the erasure", func() bool { return u.wish.answered() == 1 })
	if u.queue.done() != 0 {
		t.Fatal("a box left although nothing may")
	}
}

// TestRefusedErasureHoldsNothingBack: it stays, the person is told, and boxes go on.
func TestRefusedErasureHoldsNothingBack(t *testing.T) {
	for name, c := range map[string]*collector{
		"refused": {erase: func(*pb.EraseRequest) (*pb.EraseResponse, error) {
			return nil, status.Error(codes.InvalidArgument, "no")
		}},
		"a bad record": {erase: func(*pb.EraseRequest) (*pb.EraseResponse, error) { return &pb.EraseResponse{}, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			c.start(t, newAuthority(t))
			u := run(t, c.identity(t), nil)
			u.wish.fail = erasure.ErrRecord
			u.wish.want(newRequest(1))
			u.send(newBoxes(t, 3)...)
			until(t, "the boxes", func() bool { return u.queue.done() == 3 })
			until(t, "the words", func() bool { return u.Status().Words == wordsErase || u.Status().Words == erasure.ErrRecord.Error() })
			if due, err := u.wish.Pending(); err != nil || len(due) != 1 {
				t.Fatal("the erasure is forgotten", err)
			}
		})
	}
}

// TestErasedByWordOfTheCollector: a collector that says of a box that the person took it back destroys nothing here. What they took back
// on this device is gone before it is asked for; all else is set aside, where the person sees it.
func TestErasedByWordOfTheCollector(t *testing.T) {
	c := &collector{upload: func(_ int, id string, _ pb.Device_UploadServer) (*pb.UploadResponse, error) {
		return answerWith(id, pb.Outcome_OUTCOME_ERASED), nil
	}}
	c.start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	boxes := newBoxes(t, 2)
	u.send(boxes...)
	until(t, "the boxes to be set aside", func() bool { return u.queue.left() == 0 })
	u.stop()
	want := []envelope.ID{boxes[0].Header().Batch, boxes[1].Header().Batch}
	if !slices.Equal(u.queue.aside, want) || u.queue.done() != 0 || u.Status().SetAside != 2 {
		t.Fatalf("%d set aside, %d kept as sent", len(u.queue.aside), u.queue.done())
	}
}

// TestCheckInRegistersTheCode: every device does, consent or not, and the collector sees the hash alone.
func TestCheckInRegistersTheCode(t *testing.T) {
	c := new(collector).start(t, newAuthority(t))
	u := run(t, c.identity(t), nil)
	until(t, "the check-in", func() bool { return c.count(func() int { return c.checkIns }) == 1 })
	secret, err := u.keys.ErasureCode()
	fatal(t, err)
	hash := erasure.Hash(secret)
	if c.count(func() int { return len(c.codes) }) != 1 || !bytes.Equal(c.codes[0], hash[:]) {
		t.Fatalf("%x", c.codes)
	}
}

// TestRenewal: after two thirds of its life a certificate is replaced, for a new key, and connections use the new one.
func TestRenewal(t *testing.T) {
	ca := newAuthority(t)
	var renewals atomic.Int32
	c := &collector{}
	var serve func(*pb.RenewRequest) (*pb.RenewResponse, error)
	c.renew = func(req *pb.RenewRequest) (*pb.RenewResponse, error) { renewals.Add(1); return serve(req) }
	serve = func(req *pb.RenewRequest) (*pb.RenewResponse, error) {
		csr, err := x509.ParseCertificateRequest(req.GetCsr())
		if err != nil || csr.CheckSignature() != nil {
			t.Error("no request", err)
			return nil, status.Error(codes.InvalidArgument, "no request")
		}
		return &pb.RenewResponse{Certificate: ca.issue(t, publicOf(csr), x509.ExtKeyUsageClientAuth, 10*time.Hour)}, nil
	}
	c.start(t, ca)
	id := c.identity(t)
	id.TLS = ca.client(t, 10*time.Minute) // 2 h of 2 h 10 min are over
	saver := &savedRenewal{}
	u := run(t, id, func(o *Options, p *pace) { p.day = 20 * time.Millisecond; saver.own = o.Own; o.Own = saver })
	until(t, "some check-ins", func() bool { return c.count(func() int { return c.checkIns }) > 3 })
	u.stop()
	if n := renewals.Load(); n != 1 || saver.n.Load() != 1 {
		t.Fatalf("%d renewals, %d saved", n, saver.n.Load())
	}
	if key, ok := u.opt.Identity.TLS.Leaf.PublicKey.(interface{ Equal(x any) bool }); ok && key.Equal(id.TLS.Leaf.PublicKey) {
		t.Fatal("the old key goes on")
	}
	if time.Until(u.opt.Identity.TLS.Leaf.NotAfter) < 9*time.Hour {
		t.Fatal("connections use the old certificate")
	}

	fresh := run(t, c.identityLasting(t, 100*time.Hour), func(o *Options, p *pace) { p.day = 20 * time.Millisecond })
	before := c.count(func() int { return c.checkIns })
	until(t, "check-ins", func() bool { return c.count(func() int { return c.checkIns }) > before+3 })
	fresh.stop()
	if renewals.Load() != 1 {
		t.Fatal("a young certificate was renewed")
	}
}

// TestRenewalRefusesAnothersCertificate: what is not for the new key and this device is not taken.
func TestRenewalRefusesAnothersCertificate(t *testing.T) {
	ca := newAuthority(t)
	c := &collector{renew: func(*pb.RenewRequest) (*pb.RenewResponse, error) {
		return &pb.RenewResponse{Certificate: ca.issue(t, &newKey(t).PublicKey, x509.ExtKeyUsageClientAuth, time.Hour)}, nil
	}}
	c.start(t, ca)
	id := c.identity(t)
	id.TLS = ca.client(t, 10*time.Minute)
	u := run(t, id, nil)
	until(t, "the words", func() bool { return u.Status().Words != "" })
	u.stop()
	if !bytes.Equal(u.opt.Identity.TLS.Certificate[0], id.TLS.Certificate[0]) {
		t.Fatal("it was taken")
	}
}

// savedRenewal counts what is saved; the stores of these tests hold no identity.
type savedRenewal struct {
	own
	n atomic.Int32
}

func (s *savedRenewal) SaveRenewal(tls.Certificate) error { s.n.Add(1); return nil }

func publicOf(csr *x509.CertificateRequest) *ecdsa.PublicKey { return csr.PublicKey.(*ecdsa.PublicKey) }

func (c *collector) identityLasting(t *testing.T, left time.Duration) keystore.Identity {
	id := c.identity(t)
	id.TLS = c.ca.client(t, left)
	return id
}

// TestAListWithoutEnd: a collector that never ends to list what it holds of a person is hung up on, whether what it lists is small or large.
func TestAListWithoutEnd(t *testing.T) {
	small, large := &pb.MineResponse{}, &pb.MineResponse{Consents: []*pb.Signed{{Body: make([]byte, 1<<20)}}}
	for range 100_000 {
		small.Boxes = append(small.Boxes, &pb.Holding{})
	}
	for _, page := range []*pb.MineResponse{small, large} {
		ended := make(chan struct{})
		c := &collector{mine: func(s grpc.ServerStreamingServer[pb.MineResponse]) error {
			defer close(ended)
			for {
				if err := s.Send(page); err != nil {
					return err
				}
			}
		}}
		c.start(t, newAuthority(t))
		line, err := Open(c.identity(t))
		fatal(t, err)
		if _, err := line.Mine(t.Context()); !errors.Is(err, errEndless) {
			t.Errorf("the list was taken: %v", err)
		}
		<-ended
		fatal(t, line.Close())
	}
}
