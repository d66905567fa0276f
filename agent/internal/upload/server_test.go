package upload

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/pb"
)

// authority is a certificate authority of a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key := newKey(t)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	fatal(t, err)
	cert, err := x509.ParseCertificate(der)
	fatal(t, err)
	return &authority{cert, key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	return key
}

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// issue makes a certificate for key, for a server or a client, that ends in left.
func (a *authority) issue(t *testing.T, key *ecdsa.PublicKey, usage x509.ExtKeyUsage, left time.Duration) []byte {
	t.Helper()
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(left),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key, a.key)
	fatal(t, err)
	return der
}

func (a *authority) client(t *testing.T, left time.Duration) tls.Certificate {
	t.Helper()
	key := newKey(t)
	der := a.issue(t, &key.PublicKey, x509.ExtKeyUsageClientAuth, left)
	leaf, err := x509.ParseCertificate(der)
	fatal(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// collector is a scripted collector. Its functions decide; the zero ones store everything.
type collector struct {
	pb.UnimplementedDeviceServer
	pb.UnimplementedEnrolmentServer
	ca   *authority
	addr string

	upload func(n int, id string, s pb.Device_UploadServer) (*pb.UploadResponse, error) // n counts boxes from 1
	put    func(*pb.Signed) error
	policy func() (*pb.Signed, error)
	enrol  func(*pb.EnrolRequest) (*pb.EnrolResponse, error)
	erase  func(*pb.EraseRequest) (*pb.EraseResponse, error)
	renew  func(*pb.RenewRequest) (*pb.RenewResponse, error)
	first  func(heard []byte) // the first request of a stream
	mine   func(grpc.ServerStreamingServer[pb.MineResponse]) error

	mu       sync.Mutex
	received []string       // batch ids in the order of arrival
	stored   map[string]int // how often each was stored
	told     [][]byte
	checkIns int
	codes    [][]byte
	streams  int
}

// start serves on loopback with this authority until the test ends.
func (c *collector) start(t *testing.T, ca *authority) *collector {
	t.Helper()
	key := newKey(t)
	c.ca, c.stored = ca, map[string]int{}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	conf := &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool, Certificates: []tls.Certificate{{
		Certificate: [][]byte{ca.issue(t, &key.PublicKey, x509.ExtKeyUsageServerAuth, time.Hour), ca.cert.Raw}, PrivateKey: key}}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	c.addr = l.Addr().String()
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(conf)), grpc.MaxRecvMsgSize(maxMessage))
	pb.RegisterDeviceServer(srv, c)
	pb.RegisterEnrolmentServer(srv, c)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // a short test is over before it began to serve
			t.Error(err)
		}
	})
	return c
}

func (c *collector) Upload(s pb.Device_UploadServer) error {
	c.mu.Lock()
	c.streams++
	c.mu.Unlock()
	for begun := false; ; begun = true {
		req, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c.first != nil && !begun {
			c.first(req.GetHeard())
		}
		id := string(req.GetBox()[2:18])
		c.mu.Lock()
		c.received = append(c.received, id)
		n := len(c.received)
		c.mu.Unlock()
		res, err := c.decide(n, id, s)
		if err != nil {
			return err
		}
		if res != nil {
			if err := s.Send(res); err != nil {
				return err
			}
		}
	}
}

func (c *collector) decide(n int, id string, s pb.Device_UploadServer) (*pb.UploadResponse, error) {
	if c.upload != nil {
		return c.upload(n, id, s)
	}
	return c.store(id), nil
}

// store makes a box durable and answers as a real collector does: the second time it is a duplicate.
func (c *collector) store(id string) *pb.UploadResponse {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stored[id] > 0 {
		return answerWith(id, pb.Outcome_OUTCOME_DUPLICATE)
	}
	c.stored[id]++
	return answerWith(id, pb.Outcome_OUTCOME_STORED)
}

func answerWith(id string, o pb.Outcome) *pb.UploadResponse {
	return &pb.UploadResponse{Ack: &pb.Ack{Batch: []byte(id), Outcome: o}, CreditBytes: 2 << 20}
}

func (c *collector) PutConsent(_ context.Context, req *pb.PutConsentRequest) (*pb.PutConsentResponse, error) {
	if c.put != nil {
		if err := c.put(req.GetStub()); err != nil {
			return nil, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, req.GetStub().GetBody())
	return &pb.PutConsentResponse{}, nil
}

func (c *collector) GetPolicy(context.Context, *pb.GetPolicyRequest) (*pb.GetPolicyResponse, error) {
	c.mu.Lock()
	c.checkIns++
	c.mu.Unlock()
	if c.policy == nil {
		return &pb.GetPolicyResponse{}, nil
	}
	p, err := c.policy()
	return &pb.GetPolicyResponse{Policy: p}, err
}

func (c *collector) Enrol(_ context.Context, req *pb.EnrolRequest) (*pb.EnrolResponse, error) {
	return c.enrol(req)
}

func (c *collector) Erase(_ context.Context, req *pb.EraseRequest) (*pb.EraseResponse, error) {
	return c.erase(req)
}

func (c *collector) Renew(ctx context.Context, req *pb.RenewRequest) (*pb.RenewResponse, error) {
	if c.renew == nil {
		return c.UnimplementedDeviceServer.Renew(ctx, req)
	}
	return c.renew(req)
}

func (c *collector) Mine(_ *pb.MineRequest, s grpc.ServerStreamingServer[pb.MineResponse]) error {
	if c.mine == nil {
		return nil
	}
	return c.mine(s)
}

func (c *collector) PutErasureCode(_ context.Context, req *pb.PutErasureCodeRequest) (*pb.PutErasureCodeResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.codes = append(c.codes, req.GetCodeSha256())
	return &pb.PutErasureCodeResponse{}, nil
}

// count reads a number that the server writes.
func (c *collector) count(f func() int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return f()
}

// identity is that of a device enrolled with this collector.
func (c *collector) identity(t *testing.T) keystore.Identity {
	t.Helper()
	_, sign, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	vault, err := hpke.MLKEM768X25519().GenerateKey()
	fatal(t, err)
	return keystore.Identity{Sign: sign, TLS: c.ca.client(t, time.Hour), CA: c.ca.cert, Collector: c.addr, VaultKey: vault.PublicKey()}
}
