package ingest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/ledger"
	"github.com/byleave/byleave/collector/internal/operator"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/embed"
	"github.com/byleave/byleave/collector/internal/store/storetest"
	"github.com/byleave/byleave/collector/internal/vault"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const purpose = "train-agents"

// rig is a whole collector on loopback.
type rig struct {
	t         *testing.T
	dir, addr string
	store     *embed.Store
	authority *ca.Authority
	vault     *vault.Vault
	ingest    *Ingest
	server    *grpc.Server
	audit     *Audit
	log       *lockedBuffer
	keep      keeper // what ingest sees of the store
	ledger    [32]byte
	public    *ledger.Log // fingerprint
	served    chan error
	policyKey ed25519.PrivateKey
	bare      bare
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newRig starts a collector; wrap may put something between ingest and the store.
func newRig(t *testing.T, wrap func(keeper) keeper) *rig {
	t.Helper()
	r := &rig{t: t, dir: storetest.Memory(t), log: &lockedBuffer{}}
	must(t, ca.Create(r.dir, time.Now()))
	must(t, vault.Create(r.dir))
	must(t, ledger.CreateKey(r.dir))
	var err error
	r.authority, err = ca.Load(r.dir, time.Now)
	must(t, err)
	r.start(wrap)
	t.Cleanup(r.stop)
	return r
}

func (r *rig) start(wrap func(keeper) keeper) {
	r.t.Helper()
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	var err error
	r.store, _, err = embed.Open(context.Background(), r.dir, log)
	must(r.t, err)
	r.vault, err = vault.Load(r.dir, r.store)
	must(r.t, err)
	r.keep = r.store
	if wrap != nil {
		r.keep = wrap(r.store)
	}
	policyPub, policyKey, err := ed25519.GenerateKey(rand.Reader)
	must(r.t, err)
	r.policyKey = policyKey
	pol := OpenPolicy(filepath.Join(r.dir, "policy.signed"), policyPub, log, time.Now)
	r.audit = NewAudit(log)
	ledgerKey, err := ledger.LoadKey(r.dir)
	must(r.t, err)
	r.ledger = sha256.Sum256(ledgerKey.Public().(ed25519.PublicKey))
	r.ingest = New(r.keep, Keys{Ledger: ledgerKey, Authority: r.authority}, pol, r.audit, log, time.Now)
	r.public = ledger.New(r.dir, ledgerKey, r.store, log, time.Now)
	conf, err := r.authority.ServerTLS(nil)
	must(r.t, err)
	r.server = NewServer(conf, Services{Device: r.ingest,
		Enrolment: &Enrolment{Enroller: &ca.Enroller{Authority: r.authority, Store: r.store, NewKey: r.vault.NewKey, Now: time.Now},
			Policy: pol, Audit: r.audit, Log: log},
		Ledger: ledger.NewService(r.public),
		Custodian: &operator.Custodian{Store: r.store, Vault: r.vault, Ledger: r.public, Log: log, Now: time.Now,
			Purpose: func(string) string { return "to train" },
			Who: func(ctx context.Context) (store.ID, bool) {
				who, ok := Who(ctx)
				return who.ID, ok && who.Role == store.CustodianRole
			}},
	}, r.store, r.audit, log, time.Now)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(r.t, err)
	r.addr = l.Addr().String()
	r.served = make(chan error, 1)
	go func() { r.served <- r.server.Serve(l) }()
}

func (r *rig) stop() {
	r.t.Helper()
	Stop(r.server, r.ingest)
	r.ingest.Close()
	must(r.t, <-r.served)
	must(r.t, r.store.Close())
}

// dial connects with certificates or, without, as nobody.
func (r *rig) dial(certs ...tls.Certificate) *grpc.ClientConn {
	r.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(r.authority.Certificate())
	conf := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13, Certificates: certs}
	conn, err := grpc.NewClient(r.addr, grpc.WithTransportCredentials(credentials.NewTLS(conf)),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(8<<20), grpc.MaxCallRecvMsgSize(8<<20)),
		grpc.WithUnaryInterceptor(r.bare.unary), grpc.WithStreamInterceptor(r.bare.stream))
	must(r.t, err)
	r.t.Cleanup(func() { must(r.t, conn.Close()) })
	return conn
}

func (r *rig) token(role store.Role) string {
	r.t.Helper()
	lot, texts, err := ca.Invitations(r.addr, ca.Fingerprints{}, role, 1, time.Now().Add(time.Hour))
	must(r.t, err)
	must(r.t, r.store.Invite(context.Background(), lot))
	u, err := url.Parse(texts[0])
	must(r.t, err)
	return u.Query().Get("token")
}

// party is an enrolled device or custodian.
type party struct {
	rig     *rig
	cert    tls.Certificate
	conn    *grpc.ClientConn
	id      store.ID
	subject store.ID
	sign    ed25519.PrivateKey
	hpke    hpke.PrivateKey // custodian
	seal    seal.Params     // device
}

func newCSR(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	return csr, key
}

func newHPKE(t *testing.T) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	return k
}

func (r *rig) enrol(req *pb.EnrolRequest, key *ecdsa.PrivateKey) (*party, *pb.EnrolResponse) {
	r.t.Helper()
	resp, err := pb.NewEnrolmentClient(r.dial()).Enrol(context.Background(), req)
	must(r.t, err)
	p := &party{rig: r, id: store.ID(resp.GetDevice()), cert: tls.Certificate{Certificate: [][]byte{resp.GetCertificate()}, PrivateKey: key}}
	p.conn = r.dial(p.cert)
	return p, resp
}

func (r *rig) device(custodian hpke.PublicKey) *party {
	r.t.Helper()
	csr, key := newCSR(r.t)
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(r.t, err)
	p, resp := r.enrol(&pb.EnrolRequest{Token: r.token(store.DeviceRole), Csr: csr, SigningKey: pub}, key)
	p.subject, p.sign = store.ID(resp.GetSubject()), sign
	vk, err := hpke.MLKEM768X25519().NewPublicKey(resp.GetVaultKey())
	must(r.t, err)
	p.seal = seal.Params{Subject: p.subject, Device: p.id, Policy: sha256.Sum256([]byte("policy")), Purpose: purpose, Sequence: 1,
		Custodians: []hpke.PublicKey{custodian}, Vault: vk, Person: newHPKE(r.t).PublicKey(), Sign: sign}
	rand.Read(p.seal.Consent[:])
	return p
}

func (r *rig) custodian() *party {
	r.t.Helper()
	csr, key := newCSR(r.t)
	private := newHPKE(r.t)
	p, _ := r.enrol(&pb.EnrolRequest{Token: r.token(store.CustodianRole), Csr: csr, Name: "Works council " + rand.Text(), RecipientKey: private.PublicKey().Bytes()}, key)
	p.hpke = private
	return p
}

// stub is the signed stub of the device's consent.
func (p *party) stub(change func(*pb.ConsentStub)) *pb.Signed {
	p.rig.t.Helper()
	m := &pb.ConsentStub{Id: p.seal.Consent[:], PolicySha256: p.seal.Policy[:], PurposeId: p.seal.Purpose,
		ExpiresAt: time.Now().Add(time.Hour).Truncate(time.Hour).Unix(), Commitment: make([]byte, 32)}
	if change != nil {
		change(m)
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	must(p.rig.t, err)
	return &pb.Signed{Body: body, Signature: ed25519.Sign(p.sign, append([]byte("byleave consent stub v1\x00"), body...))}
}

func (p *party) consent(change func(*pb.ConsentStub)) error {
	_, err := pb.NewDeviceClient(p.conn).PutConsent(context.Background(), &pb.PutConsentRequest{Stub: p.stub(change)})
	return err
}

func withdrawn(m *pb.ConsentStub) { m.Withdrawn = true }

func (p *party) box(size int) envelope.Box {
	p.rig.t.Helper()
	payload := make([]byte, size)
	rand.Read(payload)
	b, err := seal.Seal(p.seal, payload)
	must(p.rig.t, err)
	return b
}

// upload sends raw boxes on one stream and returns the outcome of each by order of arrival of its ack.
func (p *party) upload(boxes ...[]byte) ([]pb.Outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := pb.NewDeviceClient(p.conn).Upload(ctx)
	if err != nil {
		return nil, err
	}
	for _, b := range boxes {
		if err := stream.Send(&pb.UploadRequest{Box: b}); err != nil {
			break // the stream's own error comes from Recv
		}
	}
	if err := stream.CloseSend(); err != nil {
		return nil, err
	}
	var out []pb.Outcome
	for {
		resp, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if resp.GetCreditBytes() < envelope.MaxSize {
			return out, fmt.Errorf("the credit does not suffice for a box")
		}
		out = append(out, resp.GetAck().GetOutcome())
	}
}

func (p *party) want(want pb.Outcome, raw []byte) {
	p.rig.t.Helper()
	got, err := p.upload(raw)
	must(p.rig.t, err)
	if len(got) != 1 || got[0] != want {
		p.rig.t.Fatalf("outcome %v, want %v", got, want)
	}
}

// digest is a digest of every table of the collector and of all pack bytes.
func (r *rig) digest() string {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.dir, "index.db"))
	must(r.t, err)
	defer db.Close()
	h := sha256.New()
	for _, table := range []string{"batches", "sealed", "shreds", "vault_keys", "devices", "custodians", "invitations", "consents", "exports",
		"export_batches", "export_people", "outbox", "damaged", "epochs", "erased", "erasures", "erasure_codes"} {
		rows, err := db.Query("SELECT * FROM " + table)
		must(r.t, err)
		names, err := rows.Columns()
		must(r.t, err)
		for rows.Next() {
			row, to := make([]any, len(names)), make([]any, len(names))
			for i := range row {
				to[i] = &row[i]
			}
			must(r.t, rows.Scan(to...))
			fmt.Fprintf(h, "%s %q\n", table, fmt.Sprint(row...))
		}
		must(r.t, rows.Err())
		must(r.t, rows.Close())
	}
	packs, err := filepath.Glob(filepath.Join(r.dir, "packs", "*"))
	must(r.t, err)
	for _, p := range packs {
		body, err := os.ReadFile(p)
		must(r.t, err)
		fmt.Fprintf(h, "%s %x\n", filepath.Base(p), sha256.Sum256(body))
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func codeOf(err error) codes.Code { return status.Code(err) }

// eventually waits for a condition, with a deadline.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
		<-tick.C
	}
}

// await waits for what comes down a channel, with a deadline.
func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	var got T
	select {
	case got = <-from:
	case <-time.After(2 * time.Minute):
		t.Fatal("never: " + what)
	}
	return got
}

func noIDsIn(t *testing.T, log string, ids ...store.ID) {
	t.Helper()
	for _, id := range ids {
		if strings.Contains(log, fmt.Sprintf("%x", id)) {
			t.Errorf("the log names an id:\n%s", log)
		}
	}
}

func readCAKey(t *testing.T, dir string) *ecdsa.PrivateKey {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	must(t, err)
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	must(t, err)
	return key.(*ecdsa.PrivateKey)
}
