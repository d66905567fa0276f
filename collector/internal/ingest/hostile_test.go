package ingest

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/ca"
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// attack is one hostile request; do returns how it was answered: an outcome, or a code.
type attack struct {
	name string
	want string
	do   func() string
}

// scene is what attacks act upon: two devices with a stored box each, a custodian, one party of each kind that was revoked.
type scene struct {
	*rig
	mallory, victim, gone *party
	custodian, goneCust   *party
	mine, theirs          envelope.Box
	used                  string
	exported              [16]byte
}

// TestHostileRequestsChangeNothing sends every attack and compares all tables and packs before and after each.
func TestHostileRequestsChangeNothing(t *testing.T) {
	r := newRig(t, nil)
	s := &scene{rig: r, custodian: r.custodian(), goneCust: r.custodian(), exported: [16]byte{1}}
	key := s.custodian.hpke.PublicKey()
	s.mallory, s.victim, s.gone = r.device(key), r.device(key), r.device(key)
	for _, p := range []*party{s.mallory, s.victim, s.gone} {
		must(t, p.consent(nil))
	}
	s.mine, s.theirs = s.mallory.box(100), s.victim.box(100)
	s.mallory.want(pb.Outcome_OUTCOME_STORED, s.mine.Bytes())
	s.victim.want(pb.Outcome_OUTCOME_STORED, s.theirs.Bytes())
	must(t, r.store.Revoke(context.Background(), s.gone.id))
	must(t, r.store.Revoke(context.Background(), s.goneCust.id))
	release(t, pb.NewCustodianClient(s.custodian.conn), &pb.ReleaseRequest{PurposeId: purpose, Export: s.exported[:]})
	s.used = r.token(store.DeviceRole)
	csr, k := newCSR(t)
	r.enrol(&pb.EnrolRequest{Token: s.used, Csr: csr, SigningKey: make([]byte, 32)}, k)

	attacks := slices.Concat(s.boxes(), s.stubs(), s.roles(), s.paths(), s.certificates(), s.enrolments(), s.releases(),
		s.moreBoxes(), s.moreStubs(), s.erasures(), s.wire(), s.replays(), s.words())
	names := map[string]bool{}
	for _, a := range attacks {
		names[a.name] = true
	}
	t.Logf("%d kinds of hostile requests", len(names))
	if len(names) < 200 {
		t.Fatalf("only %d kinds of attacks", len(names))
	}
	before := r.digest()
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			if got := a.do(); got != a.want {
				t.Errorf("answered %s, want %s", got, a.want)
			}
			if r.digest() != before {
				t.Fatal("it changed what is stored")
			}
		})
	}
	noIDsIn(t, r.log.String(), s.mallory.id, s.victim.id, s.gone.id, s.mallory.subject, s.mine.Header().Batch)
	s.mallory.want(pb.Outcome_OUTCOME_STORED, s.mallory.box(10).Bytes()) // and the collector still works
	r.bare.check(t, codes.Unauthenticated, codes.PermissionDenied, codes.InvalidArgument, codes.FailedPrecondition, codes.AlreadyExists, codes.Unimplemented)
}

func (s *scene) boxes() []attack {
	upload := func(p *party, raw []byte) func() string {
		return func() string {
			got, err := p.upload(raw)
			if err != nil {
				return codeOf(err).String()
			}
			return strings.TrimPrefix(got[0].String(), "OUTCOME_")
		}
	}
	bad := func(name string, raw []byte) attack { return attack{name, "QUARANTINE", upload(s.mallory, raw)} }
	whole := s.mallory.box(5000).Bytes()
	flip := func(at int) []byte {
		b := slices.Clone(whole)
		b[(at+len(b))%len(b)] ^= 1
		return b
	}
	// signed is a box that the device's own key signs although no honest agent makes it.
	signed := func(change func(b []byte)) []byte {
		b := slices.Clone(whole)
		change(b)
		copy(b[267:331], ed25519.Sign(s.mallory.sign, append([]byte("byleave/1 header\x00"), b[:267]...)))
		return b
	}
	purposeOf := func(p string) []byte { return signed(func(b []byte) { clear(b[98:162]); copy(b[98:162], p) }) }
	forged := slices.Clone(whole)
	copy(forged[267:331], ed25519.Sign(s.victim.sign, append([]byte("byleave/1 header\x00"), forged[:267]...)))
	othersSubject := signed(func(b []byte) { copy(b[18:34], s.victim.subject[:]) })
	mine := s.mine.Header()
	return []attack{
		bad("no bytes", nil), bad("one byte", []byte{1}), bad("noise", []byte(strings.Repeat("noise", 4000))),
		bad("truncated", whole[:len(whole)-1]), bad("half", whole[:len(whole)/2]), bad("header only", whole[:331]), bad("bytes after the end", append(slices.Clone(whole), 0)),
		bad("version flipped", flip(1)), bad("sequence flipped", flip(165)), bad("signature flipped", flip(300)),
		bad("capsule flipped", flip(400)), bad("payload flipped", flip(-5)), bad("batch id flipped", flip(5)),
		bad("forged signature", forged), bad("another device's box", s.theirs.Bytes()), bad("another person's id, signed", othersSubject),
		bad("another device's id, signed", signed(func(b []byte) { copy(b[34:50], s.victim.id[:]) })),
		bad("a stored id with other bytes", signed(func(b []byte) { copy(b[2:18], mine.Batch[:]) })),
		bad("another device's stored id", signed(func(b []byte) { id := s.theirs.Header().Batch; copy(b[2:18], id[:]) })),
		bad("purpose ../", purposeOf("../../etc")), bad("purpose with NUL inside", purposeOf("train\x00agents")), bad("no purpose", purposeOf("")),
		bad("purpose in capitals", purposeOf("Train")), bad("purpose with an escape", purposeOf("train\x1b[2J")), bad("another purpose", purposeOf("review-people")),
		bad("another policy", signed(func(b []byte) { b[66]++ })),
		bad("sequence 0", signed(func(b []byte) { clear(b[162:170]) })), bad("sequence beyond reason", signed(func(b []byte) { b[162] = 0xff })),
		bad("size bucket beyond reason", signed(func(b []byte) { b[266] = 200 })),
		bad("a hash that does not fit, signed", signed(func(b []byte) { b[210] ^= 1 })),
		bad("more custodians than bytes", signed(func(b []byte) { b[331] = 64 })),
		bad("over 1 MiB", make([]byte, envelope.MaxSize+1)),
		{"a message of 3 MiB", "ResourceExhausted", upload(s.mallory, make([]byte, 3<<20))},
		{"unknown consent, signed", "SEND_CONSENT", upload(s.mallory, signed(func(b []byte) { b[50]++ }))},
		{"another device's consent", "SEND_CONSENT", upload(s.mallory, signed(func(b []byte) { copy(b[50:66], s.victim.seal.Consent[:]) }))},
		{"a revoked device's box", "Unauthenticated", upload(s.gone, s.gone.box(10).Bytes())},
	}
}

func (s *scene) stubs() []attack {
	put := func(p *party, stub *pb.Signed) func() string {
		return func() string {
			_, err := pb.NewDeviceClient(p.conn).PutConsent(context.Background(), &pb.PutConsentRequest{Stub: stub})
			return codeOf(err).String()
		}
	}
	change := func(c func(*pb.ConsentStub)) func() string { return put(s.mallory, s.mallory.stub(c)) }
	fresh := func(m *pb.ConsentStub) { m.Id = make([]byte, 16) }
	forged := s.mallory.stub(fresh)
	forged.Signature = slices.Clone(forged.Signature)
	forged.Signature[0] ^= 1
	unknown := s.mallory.stub(fresh)
	unknown.Body = append(slices.Clone(unknown.Body), 0xfa, 0x01, 0x00)
	unknown.Signature = ed25519.Sign(s.mallory.sign, append([]byte("byleave consent stub v1\x00"), unknown.Body...))
	return []attack{
		{"no stub", "InvalidArgument", put(s.mallory, nil)},
		{"stub with a forged signature", "InvalidArgument", put(s.mallory, forged)},
		{"stub with an unknown field", "InvalidArgument", put(s.mallory, unknown)},
		{"another device's stub", "InvalidArgument", put(s.mallory, s.victim.stub(withdrawn))},
		{"withdrawing another device's consent", "FailedPrecondition", change(func(m *pb.ConsentStub) { m.Id = s.victim.seal.Consent[:]; m.Withdrawn = true })},
		{"stub without an id", "InvalidArgument", change(func(m *pb.ConsentStub) { m.Id = nil })},
		{"stub with a long id", "InvalidArgument", change(func(m *pb.ConsentStub) { m.Id = make([]byte, 17) })},
		{"stub with purpose ../", "InvalidArgument", change(func(m *pb.ConsentStub) { fresh(m); m.PurposeId = "../x" })},
		{"stub with purpose NUL", "InvalidArgument", change(func(m *pb.ConsentStub) { fresh(m); m.PurposeId = "a\x00b" })},
		{"stub with another policy under a known id", "FailedPrecondition", change(func(m *pb.ConsentStub) { m.PolicySha256 = make([]byte, 32) })},
		{"stub with a longer life under a known id", "FailedPrecondition", change(func(m *pb.ConsentStub) { m.ExpiresAt += 1e6 })},
		{"a stub of 1 MiB", "InvalidArgument", put(s.mallory, &pb.Signed{Body: make([]byte, 1<<20), Signature: make([]byte, 64)})},
	}
}

// call makes a call with empty messages and says how it was answered.
func call(conn *grpc.ClientConn, method string) func() string {
	return func() string {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if strings.HasSuffix(method, "Upload") || strings.HasSuffix(method, "Release") || strings.HasSuffix(method, "Tail") {
			return callStream(ctx, conn, method)
		}
		return codeOf(conn.Invoke(ctx, method, &pb.GetPolicyRequest{}, &pb.GetPolicyResponse{})).String()
	}
}

func callStream(ctx context.Context, conn *grpc.ClientConn, method string) string {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err == nil {
		err = stream.CloseSend()
	}
	if err == nil {
		err = stream.RecvMsg(&pb.UploadResponse{})
	}
	if errors.Is(err, io.EOF) {
		return "OK"
	}
	return codeOf(err).String()
}

func (s *scene) roles() []attack {
	var out []attack
	nobody := s.dial()
	for method, role := range methods {
		for _, c := range []struct {
			name string
			conn *grpc.ClientConn
			role store.Role
		}{{"nobody", nobody, anyone}, {"device", s.mallory.conn, store.DeviceRole}, {"custodian", s.custodian.conn, store.CustodianRole}} {
			if role == c.role || role == anyone {
				continue
			}
			want := "PermissionDenied"
			if c.role == anyone {
				want = "Unauthenticated"
			}
			out = append(out, attack{c.name + " calls " + method, want, call(c.conn, method)})
		}
	}
	return append(out,
		attack{"revoked custodian plans", "Unauthenticated", call(s.goneCust.conn, pb.Custodian_Plan_FullMethodName)},
		attack{"revoked custodian releases", "Unauthenticated", call(s.goneCust.conn, pb.Custodian_Release_FullMethodName)},
		attack{"revoked device asks for the policy", "Unauthenticated", call(s.gone.conn, pb.Device_GetPolicy_FullMethodName)},
		attack{"operator's stats from the network", "Unimplemented", call(s.custodian.conn, pb.Operator_Stats_FullMethodName)},
		attack{"operator's tail from the network", "Unimplemented", call(s.custodian.conn, pb.Operator_Tail_FullMethodName)},
		attack{"reflection", "Unimplemented", call(s.mallory.conn, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")},
		attack{"health", "Unimplemented", call(s.mallory.conn, "/grpc.health.v1.Health/Check")},
	)
}

// paths are ways of writing a method that fooled an access rule before (CVE-2026-33186).
func (s *scene) paths() []attack {
	var out []attack
	for _, path := range []string{"byleave.v1.Custodian/Plan", "//byleave.v1.Custodian/Plan", "/byleave.v1.Custodian//Plan", "/byleave.v1.Custodian/Plan?x",
		"/byleave.v1.Custodian%2fPlan", "/BYLEAVE.V1.CUSTODIAN/PLAN", "/byleave.v1.Custodian/plan", "/byleave.v1.Custodian/Plan/", "/byleave.v1.Enrolment/../byleave.v1.Custodian/Plan"} {
		out = append(out, attack{"path " + path, "Unimplemented", call(s.mallory.conn, path)})
	}
	return out
}

func (s *scene) certificates() []attack {
	other := s.t.TempDir()
	must(s.t, ca.Create(other, time.Now()))
	foreign, err := ca.Load(other, time.Now)
	must(s.t, err)
	past, err := ca.Load(s.dir, func() time.Time { return time.Now().Add(-60 * 24 * time.Hour) })
	must(s.t, err)
	future, err := ca.Load(s.dir, func() time.Time { return time.Now().Add(24 * time.Hour) })
	must(s.t, err)
	who := ca.Identity{Role: store.CustodianRole, ID: s.custodian.id}
	issued := func(a *ca.Authority, who ca.Identity) tls.Certificate {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(s.t, err)
		der, err := a.Issue(key.Public(), who)
		must(s.t, err)
		return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	plan := func(c tls.Certificate) func() string { return call(s.dial(c), pb.Custodian_Plan_FullMethodName) }
	id := hex.EncodeToString(s.custodian.id[:])
	raw := func(change func(*x509.Certificate)) func() string { return plan(s.handmade(change)) }
	uris := func(texts ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, text := range texts {
				u, err := url.Parse(text)
				must(s.t, err)
				c.URIs = append(c.URIs, u)
			}
		}
	}
	return []attack{
		{"certificate of another CA", "Unavailable", plan(issued(foreign, who))},
		{"expired certificate", "Unavailable", plan(issued(past, who))},
		{"certificate of tomorrow", "Unavailable", plan(issued(future, who))},
		{"id that was never enrolled", "Unauthenticated", plan(issued(s.authority, ca.Identity{Role: store.CustodianRole, ID: store.ID{9}}))},
		{"a device's id as custodian", "Unauthenticated", plan(issued(s.authority, ca.Identity{Role: store.CustodianRole, ID: s.mallory.id}))},
		{"a role that there is not", "Unauthenticated", plan(issued(s.authority, ca.Identity{Role: "operator", ID: s.custodian.id}))},
		{"two identities", "Unauthenticated", raw(uris("byleave://custodian/"+id, "byleave://device/"+id))},
		{"no identity", "Unauthenticated", raw(nil)},
		{"identity in capitals", "Unauthenticated", raw(uris("byleave://custodian/" + strings.ToUpper(id[:31]) + "A"))},
		{"identity with more path", "Unauthenticated", raw(uris("byleave://custodian/" + id + "/x"))},
		{"identity with a query", "Unauthenticated", raw(uris("byleave://custodian/" + id + "?x"))},
		{"another scheme", "Unauthenticated", raw(uris("spiffe://custodian/" + id))},
		{"certificate for servers", "Unavailable", raw(func(c *x509.Certificate) {
			uris("byleave://custodian/" + id)(c)
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})},
		{"TLS 1.2", "handshake refused", func() string {
			pool := x509.NewCertPool()
			pool.AddCert(s.authority.Certificate())
			conn, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12})
			if err == nil {
				must(s.t, conn.Close())
				return "handshake accepted"
			}
			return "handshake refused"
		}},
	}
}

// handmade is a certificate that the authority's key signed without Issue.
func (s *scene) handmade(change func(*x509.Certificate)) tls.Certificate {
	s.t.Helper()
	caKey := readCAKey(s.t, s.dir)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(s.t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, s.authority.Certificate(), key.Public(), caKey)
	must(s.t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (s *scene) enrolments() []attack {
	client := pb.NewEnrolmentClient(s.dial())
	csr, _ := newCSR(s.t)
	tampered := slices.Clone(csr)
	tampered[len(tampered)-3] ^= 1
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	must(s.t, err)
	rsaCSR, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, rsaKey)
	must(s.t, err)
	lot, texts, err := ca.Invitations(s.addr, ca.Fingerprints{}, store.DeviceRole, 1, time.Now().Add(-time.Minute))
	must(s.t, err)
	must(s.t, s.store.Invite(context.Background(), lot))
	expired := texts[0][strings.LastIndex(texts[0], "=")+1:]
	deviceToken, custodianToken := s.token(store.DeviceRole), s.token(store.CustodianRole)
	enrol := func(name, want string, req *pb.EnrolRequest) attack {
		return attack{"enrol: " + name, want, func() string {
			_, err := client.Enrol(context.Background(), req)
			return codeOf(err).String()
		}}
	}
	key := make([]byte, 32)
	hash := sha256.Sum256([]byte(deviceToken))
	return []attack{
		enrol("used token", "PermissionDenied", &pb.EnrolRequest{Token: s.used, Csr: csr, SigningKey: key}),
		enrol("unknown token", "PermissionDenied", &pb.EnrolRequest{Token: "guess", Csr: csr, SigningKey: key}),
		enrol("no token", "PermissionDenied", &pb.EnrolRequest{Csr: csr, SigningKey: key}),
		enrol("expired token", "PermissionDenied", &pb.EnrolRequest{Token: expired, Csr: csr, SigningKey: key}),
		enrol("a token's hash", "PermissionDenied", &pb.EnrolRequest{Token: hex.EncodeToString(hash[:]), Csr: csr, SigningKey: key}),
		enrol("a long token", "InvalidArgument", &pb.EnrolRequest{Token: strings.Repeat("x", 1<<20), Csr: csr}),
		enrol("no request", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, SigningKey: key}),
		enrol("tampered request", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, Csr: tampered, SigningKey: key}),
		enrol("RSA request", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, Csr: rsaCSR, SigningKey: key}),
		enrol("long request", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, Csr: make([]byte, 100<<10), SigningKey: key}),
		enrol("short signing key", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, Csr: csr, SigningKey: key[:31]}),
		enrol("device with a name", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, Csr: csr, SigningKey: key, Name: "Ann"}),
		enrol("device as custodian", "InvalidArgument", &pb.EnrolRequest{Token: deviceToken, Csr: csr, Name: "Ann", RecipientKey: make([]byte, 1216)}),
		enrol("custodian without a key", "InvalidArgument", &pb.EnrolRequest{Token: custodianToken, Csr: csr, Name: "Ann"}),
		enrol("custodian as device", "InvalidArgument", &pb.EnrolRequest{Token: custodianToken, Csr: csr, SigningKey: key}),
		enrol("custodian with a long name", "InvalidArgument", &pb.EnrolRequest{Token: custodianToken, Csr: csr, Name: strings.Repeat("x", 1000), RecipientKey: make([]byte, 1216)}),
	}
}

func (s *scene) releases() []attack {
	client := pb.NewCustodianClient(s.custodian.conn)
	rel := func(name, want string, req *pb.ReleaseRequest) attack {
		return attack{"release: " + name, want, func() string {
			stream, err := client.Release(context.Background(), proto.CloneOf(req))
			must(s.t, err)
			_, err = stream.Recv()
			return codeOf(err).String()
		}}
	}
	id := make([]byte, 16)
	return []attack{
		rel("no purpose", "InvalidArgument", &pb.ReleaseRequest{Export: id}),
		rel("purpose ../", "InvalidArgument", &pb.ReleaseRequest{Export: id, PurposeId: "../x"}),
		rel("purpose with NUL", "InvalidArgument", &pb.ReleaseRequest{Export: id, PurposeId: "a\x00"}),
		rel("purpose with SQL", "InvalidArgument", &pb.ReleaseRequest{Export: id, PurposeId: "a' OR 1=1 --"}),
		rel("no export id", "InvalidArgument", &pb.ReleaseRequest{PurposeId: purpose}),
		rel("long export id", "InvalidArgument", &pb.ReleaseRequest{PurposeId: purpose, Export: make([]byte, 1000)}),
		rel("used export id", "AlreadyExists", &pb.ReleaseRequest{PurposeId: purpose, Export: s.exported[:]}),
		rel("a window that ends first", "InvalidArgument", &pb.ReleaseRequest{PurposeId: purpose, Export: id, Since: 10, Until: 5}),
		rel("a time below zero", "InvalidArgument", &pb.ReleaseRequest{PurposeId: purpose, Export: id, Since: -1}),
	}
}
