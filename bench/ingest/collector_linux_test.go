package ingest

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/collector"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/wire"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

const program = "../../bin/byleave-collector"

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// server is the real binary, serving.
type server struct {
	*collector.Collector
	t *testing.T
}

func startCollector(t *testing.T) *server {
	t.Helper()
	c, err := collector.Start(program, filepath.Join(t.TempDir(), "d"))
	must(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	return &server{c, t}
}

// device is an enrolled device with a consent.
type device struct {
	server *pin.Server
	own    tls.Certificate
	addr   string
	seal   seal.Params
}

// devices enrols n devices, each of a person of its own.
func (c *server) devices(n int) []*device {
	c.t.Helper()
	lot, err := c.Invite(n)
	must(c.t, err)
	var all []*device
	for _, text := range lot {
		inv, err := pin.Parse(text)
		must(c.t, err)
		all = append(all, c.enrol(inv))
	}
	return all
}

func (c *server) enrol(inv pin.Invitation) *device {
	t := c.t
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	d := &device{server: pin.ByFingerprint(inv.CA), addr: c.Addr}
	conn := d.dial(t)
	resp, err := pb.NewEnrolmentClient(conn).Enrol(t.Context(), &pb.EnrolRequest{Token: inv.Token, Csr: csr, SigningKey: pub})
	must(t, err)
	must(t, conn.Close())
	d.own = tls.Certificate{Certificate: [][]byte{resp.GetCertificate()}, PrivateKey: key}
	vault, err := hpke.MLKEM768X25519().NewPublicKey(resp.GetVaultKey())
	must(t, err)
	d.seal = seal.Params{Subject: [16]byte(resp.GetSubject()), Device: [16]byte(resp.GetDevice()), Purpose: "train", Sequence: 1,
		Custodians: []hpke.PublicKey{publicKey(t)}, Vault: vault, Person: publicKey(t), Sign: sign}
	rand.Read(d.seal.Consent[:])
	conn = d.dial(t)
	_, err = pb.NewDeviceClient(conn).PutConsent(t.Context(), &pb.PutConsentRequest{Stub: d.stub(t)})
	must(t, err)
	must(t, conn.Close())
	return d
}

func publicKey(t *testing.T) hpke.PublicKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	return k.PublicKey()
}

// dial connects as the device, and as an agent does; before enrolment, as nobody.
func (d *device) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	var own []tls.Certificate
	if d.own.PrivateKey != nil {
		own = append(own, d.own)
	}
	conn, err := grpc.NewClient(d.addr, append(wire.Options(d.server.TLS(own...), nil), grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(2<<20)))...)
	must(t, err)
	return conn
}

func (d *device) stub(t *testing.T) *pb.Signed {
	t.Helper()
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.ConsentStub{Id: d.seal.Consent[:], PolicySha256: d.seal.Policy[:],
		PurposeId: d.seal.Purpose, ExpiresAt: time.Now().Add(time.Hour).Unix(), Commitment: make([]byte, 32)})
	must(t, err)
	return &pb.Signed{Body: body, Signature: ed25519.Sign(d.seal.Sign, append([]byte("byleave consent stub v1\x00"), body...))}
}

// boxes seals n boxes whose payload is size bytes that no compressor shortens.
func (d *device) boxes(t *testing.T, n, size int) [][]byte {
	t.Helper()
	payload := make([]byte, size)
	out := make([][]byte, n)
	for i := range out {
		rand.Read(payload)
		b, err := seal.Seal(d.seal, payload)
		must(t, err)
		out[i] = b.Bytes()
	}
	return out
}

// send uploads boxes on one stream, with as much in flight as the collector's credit and most allow, and returns how long each
// waited for its answer. A box that is not stored fails the test.
func (d *device) send(ctx context.Context, conn *grpc.ClientConn, boxes [][]byte, most int) ([]time.Duration, error) {
	stream, err := pb.NewDeviceClient(conn).Upload(ctx)
	if err != nil {
		return nil, err
	}
	sent := make(map[string]int, len(boxes))
	began, waited := make([]time.Time, len(boxes)), make([]time.Duration, 0, len(boxes))
	credit, load, salt := uint64(1<<20), uint64(0), make([]byte, 32)
	for next := 0; len(waited) < len(boxes); {
		for next < len(boxes) && next-len(waited) < most && load+uint64(len(boxes[next])) <= credit {
			began[next] = time.Now()
			sent[string(boxes[next][2:18])] = next
			if err := stream.Send(&pb.UploadRequest{Box: boxes[next], Salt: salt}); err != nil {
				return nil, err
			}
			load += uint64(len(boxes[next]))
			next++
		}
		resp, err := stream.Recv()
		if err != nil {
			return nil, err
		}
		credit = resp.GetCreditBytes()
		i, ok := sent[string(resp.GetAck().GetBatch())]
		if !ok || resp.GetAck().GetOutcome() != pb.Outcome_OUTCOME_STORED {
			return nil, fmt.Errorf("a box was answered with %v", resp.GetAck().GetOutcome())
		}
		load -= uint64(len(boxes[i]))
		waited = append(waited, time.Since(began[i]))
	}
	return waited, stream.CloseSend()
}
