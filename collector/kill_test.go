//go:build unix

package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// running is a collector in a process of its own.
type running struct {
	cmd  *exec.Cmd
	addr string
}

func startCollector(t *testing.T, dir string) running { return startAt(t, dir, "127.0.0.1:0") }

func startAt(t *testing.T, dir, listen string) running {
	t.Helper()
	cmd := exec.Command("byleave-collector", "serve", "--dir", dir, "--listen", listen) // testscript.Main put it on the path
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the collector did not start:", err, cmd.Wait())
	}
	return running{cmd, strings.TrimSpace(strings.TrimPrefix(line, "ready:"))}
}

func (r running) kill(t *testing.T) {
	t.Helper()
	if err := r.cmd.Process.Kill(); err != nil {
		t.Error(err) // also called beside the test's own goroutine
	}
	if r.cmd.Wait() == nil {
		t.Error("a killed collector ended well")
	}
}

// sender is an enrolled device with a consent.
type sender struct {
	server *pin.Server
	own    tls.Certificate
	seal   seal.Params
	until  time.Time // its consent
}

func (s *sender) client(t *testing.T, addr string) (pb.DeviceClient, func()) {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(credentials.NewTLS(s.server.TLS(s.own))))
	must(t, err)
	return pb.NewDeviceClient(conn), func() { must(t, conn.Close()) }
}

func newSender(t *testing.T, dir, addr string) *sender {
	t.Helper()
	out, err := exec.Command("byleave-collector", "invite", "--dir", dir, "--count", "1").Output()
	must(t, err)
	inv, err := pin.Parse(string(out))
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	s := &sender{server: pin.ByFingerprint(inv.CA), until: time.Now().Add(time.Hour)}
	conn := s.dial(t, addr)
	resp, err := pb.NewEnrolmentClient(conn).Enrol(context.Background(), &pb.EnrolRequest{Token: inv.Token, Csr: csr, SigningKey: pub})
	must(t, err)
	must(t, conn.Close())
	s.own = tls.Certificate{Certificate: [][]byte{resp.GetCertificate()}, PrivateKey: key}
	vault, err := hpke.MLKEM768X25519().NewPublicKey(resp.GetVaultKey())
	must(t, err)
	other := func() hpke.PublicKey {
		k, err := hpke.MLKEM768X25519().GenerateKey()
		must(t, err)
		return k.PublicKey()
	}
	s.seal = seal.Params{Subject: [16]byte(resp.GetSubject()), Device: [16]byte(resp.GetDevice()), Purpose: "train",
		Sequence: 1, Custodians: []hpke.PublicKey{other()}, Vault: vault, Person: other(), Sign: sign}
	rand.Read(s.seal.Consent[:]) // never fails
	s.consent(t, addr)
	return s
}

func (s *sender) consent(t *testing.T, addr string) {
	t.Helper()
	s.putConsent(t, addr, func(*pb.ConsentStub) {})
}

func (s *sender) putConsent(t *testing.T, addr string, change func(*pb.ConsentStub)) {
	t.Helper()
	m := &pb.ConsentStub{Id: s.seal.Consent[:], PolicySha256: s.seal.Policy[:], PurposeId: s.seal.Purpose, ExpiresAt: s.until.Unix(), Commitment: make([]byte, 32)}
	change(m)
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	must(t, err)
	stub := &pb.Signed{Body: body, Signature: ed25519.Sign(s.seal.Sign, append([]byte("byleave consent stub v1\x00"), body...))}
	c, done := s.client(t, addr)
	defer done()
	_, err = c.PutConsent(context.Background(), &pb.PutConsentRequest{Stub: stub})
	must(t, err)
}

// dial connects as nobody.
func (s *sender) dial(t *testing.T, addr string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(credentials.NewTLS(s.server.TLS())))
	must(t, err)
	return conn
}

// send uploads boxes until the stream breaks and returns the outcome of each that was answered.
func (s *sender) send(t *testing.T, addr string, boxes map[string][]byte) map[string]pb.Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c, done := s.client(t, addr)
	defer done()
	got := map[string]pb.Outcome{}
	stream, err := c.Upload(ctx)
	if err != nil {
		return got // killed before the stream began: nothing was acknowledged
	}
	for _, b := range boxes {
		box, err := envelope.Parse(b)
		must(t, err)
		digest := box.Digest()
		salt := leafSecret.Salt(tlog.Batch, digest[:])
		if stream.Send(&pb.UploadRequest{Box: b, Salt: salt[:]}) != nil {
			break // what broke it comes from Recv
		}
	}
	if stream.CloseSend() != nil {
		return got
	}
	for len(got) < len(boxes) {
		resp, err := stream.Recv()
		if err != nil {
			return got
		}
		got[string(resp.GetAck().GetBatch())] = resp.GetAck().GetOutcome()
	}
	return got
}

// TestI14I16KilledCollector kills the whole collector while a device uploads, again and again: what it acknowledged is there
// after the restart, once, and what it did not can be sent again. Its ledger takes lots meanwhile: in the end each box has one leaf in it.
func TestI14I16KilledCollector(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	must(t, os.WriteFile(filepath.Join(dir, limitsName), []byte(`{"ledger_lot_seconds": 1}`), 0o600))
	r := startCollector(t, dir)
	s := newSender(t, dir, r.addr)
	sent, leaves := 0, map[[32]byte]int{}
	for round := range 20 {
		boxes := map[string][]byte{}
		for range 120 {
			b, err := seal.Seal(s.seal, make([]byte, 100))
			must(t, err)
			id := b.Header().Batch
			boxes[string(id[:])] = b.Bytes()
			leaves[leafSecret.BatchLeaf(b.Digest())] = 0
		}
		delay, err := rand.Int(rand.Reader, big.NewInt(60))
		must(t, err)
		killed := make(chan struct{})
		time.AfterFunc(time.Duration(delay.Int64())*time.Millisecond, func() { defer close(killed); r.kill(t) })
		acked := s.send(t, r.addr, boxes)
		<-killed
		r = startCollector(t, dir)
		again := s.send(t, r.addr, boxes)
		for id := range boxes {
			switch first, second := acked[id], again[id]; {
			case first == pb.Outcome_OUTCOME_STORED && second != pb.Outcome_OUTCOME_DUPLICATE:
				t.Fatalf("round %d: acknowledged, and after the kill it is %v", round, second)
			case second != pb.Outcome_OUTCOME_DUPLICATE && second != pb.Outcome_OUTCOME_STORED:
				t.Fatalf("round %d: sent again, it is %v", round, second)
			}
		}
		sent += len(boxes)
		t.Logf("round %d: %d of %d acknowledged before the kill", round, len(acked), len(boxes))
	}
	r.kill(t)
	if damaged, err := embed.Check(context.Background(), dir, func() {}); damaged != 0 || err != nil {
		t.Fatal(damaged, err)
	}
	if n := countBoxes(t, dir); n != sent {
		t.Fatalf("%d boxes, %d were sent", n, sent)
	}
	countLeaves(t, dir, leaves)
}

// leafSecret makes the leaves of all boxes that senders send.
var leafSecret = tlog.SecretOf([32]byte{1})

// countLeaves writes what still waits into the ledger, as a restarted collector would, and finds each leaf in it once.
func countLeaves(t *testing.T, dir string, leaves map[[32]byte]int) {
	t.Helper()
	s, _, err := embed.Open(context.Background(), dir, slog.New(slog.DiscardHandler))
	must(t, err)
	defer func() { must(t, s.Close()) }()
	key, err := ledger.LoadKey(dir)
	must(t, err)
	writeRest(t, ledger.New(dir, key, s, slog.New(slog.DiscardHandler), time.Now), s)
	findLeaves(t, dir, key, leaves)
}

// writeRest writes lots until nothing waits.
func writeRest(t *testing.T, l *ledger.Log, s store.Store) {
	t.Helper()
	must(t, l.Settle(context.Background()))
	size, err := s.LedgerSize(context.Background())
	must(t, err)
	lots := 0
	for w := (store.Waiting{Leaves: 1}); w.Leaves > 0; lots++ {
		must(t, l.Lot(context.Background()))
		w, err = s.Waiting(context.Background())
		must(t, err)
	}
	t.Logf("%d leaves in the ledger before, %d lots after", size, lots)
}

// findLeaves finds each leaf once in the ledger in dir.
func findLeaves(t *testing.T, dir string, key ed25519.PrivateKey, leaves map[[32]byte]int) {
	t.Helper()
	pub := key.Public().(ed25519.PublicKey)
	src := ledger.NewFolder(dir, pub)
	at, err := tlog.Fetch(context.Background(), src, sha256.Sum256(pub), tlog.Checkpoint{})
	must(t, err)
	must(t, tlog.Walk(context.Background(), src, at, func(_ uint64, leaf []byte) error {
		if n, ok := leaves[[32]byte(leaf)]; ok {
			leaves[[32]byte(leaf)] = n + 1
		}
		return nil
	}))
	for _, n := range leaves {
		if n != 1 {
			t.Fatalf("a stored box has %d leaves", n)
		}
	}
}

func countBoxes(t *testing.T, dir string) (n int) {
	t.Helper()
	s, rep, err := embed.Open(context.Background(), dir, slog.New(slog.DiscardHandler))
	must(t, err)
	if rep.Missing != 0 || rep.Salved {
		t.Fatalf("%+v", rep)
	}
	for _, err := range s.Scan(context.Background(), store.Query{}) {
		must(t, err)
		n++
	}
	must(t, s.Close())
	return n
}
