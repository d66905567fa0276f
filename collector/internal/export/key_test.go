package export

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
)

type ctx = context.Context

// office enrols custodians; each token counts once.
type office struct {
	pb.UnimplementedEnrolmentServer
	t    *testing.T
	ca   *x509.Certificate
	key  *ecdsa.PrivateKey
	addr string
	used map[string]bool
	last *pb.EnrolRequest
}

func newOffice(t *testing.T) *office {
	t.Helper()
	key, serverKey := ecKey(t), ecKey(t)
	o := &office{t: t, key: key, used: map[string]bool{}}
	o.ca = issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, key, key)
	server := issue(t, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, o.ca, serverKey, key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	o.addr = l.Addr().String()
	srv := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{server.Raw, o.ca.Raw}, PrivateKey: serverKey}}})))
	pb.RegisterEnrolmentServer(srv, o)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Stop()
		fatal(t, <-done)
	})
	return o
}

func (o *office) Enrol(_ ctx, req *pb.EnrolRequest) (*pb.EnrolResponse, error) {
	if o.used[req.GetToken()] {
		return nil, status.Error(codes.PermissionDenied, "used")
	}
	o.used[req.GetToken()], o.last = true, req
	csr, err := x509.ParseCertificateRequest(req.GetCsr())
	if err != nil || csr.CheckSignature() != nil {
		return nil, status.Error(codes.InvalidArgument, "request")
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(3), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, o.ca, csr.PublicKey, o.key)
	return &pb.EnrolResponse{Certificate: der, Ca: o.ca.Raw}, err
}

func (o *office) invitation(ca []byte) string {
	fp := func(b []byte) string {
		sum := sha256.Sum256(b)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return "byleave://" + o.addr + "/?ca=" + fp(ca) + "&policy=" + fp(nil) + "&ledger=" + fp(nil) + "&token=" + rand.Text()
}

func enrol(ctx context.Context, invitation, name string) (Key, error) {
	k, err := NewKey(name)
	if err != nil {
		return k, err
	}
	return k.Renew(ctx, invitation)
}

func TestCustodianEnrolsAndRenews(t *testing.T) {
	o := newOffice(t)
	text := o.invitation(o.ca.Raw)
	k, err := enrol(t.Context(), text, "Works council")
	fatal(t, err)
	if len(o.last.GetSigningKey()) != 0 || o.last.GetName() != "Works council" || string(o.last.GetRecipientKey()) != string(k.PublicKey) {
		t.Error("the request is not a custodian's")
	}
	path := filepath.Join(t.TempDir(), "key.json")
	fatal(t, k.Save(path))
	got, err := Load(path)
	fatal(t, err)
	if d := cmp.Diff(k, got); d != "" {
		t.Error(d)
	}
	if _, err := got.Renew(t.Context(), text); err == nil || !strings.Contains(err.Error(), "used") {
		t.Errorf("the same invitation twice: %v", err)
	}
	next, err := got.Renew(t.Context(), o.invitation(o.ca.Raw))
	fatal(t, err)
	if string(next.Private) != string(k.Private) || string(next.Certificate) == string(k.Certificate) {
		t.Error("renewing must keep the key and change the certificate")
	}
	fatal(t, next.Replace(path))
	if _, err := o.stranger(); err == nil || !strings.Contains(err.Error(), "not the collector of this invitation") {
		t.Errorf("another authority: %v", err)
	}
}

// stranger follows an invitation of another authority to this server.
func (o *office) stranger() (Key, error) {
	o.last = nil
	k, err := enrol(o.t.Context(), o.invitation([]byte("another")), "x")
	if o.last != nil {
		o.t.Error("the token went to a stranger")
	}
	return k, err
}

func TestKeyFileIsPrivateAndNeverReplacedBySave(t *testing.T) {
	k := newKeyFile(t)
	path := filepath.Join(t.TempDir(), "key.json")
	fatal(t, k.Save(path))
	info, err := os.Stat(path)
	fatal(t, err)
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := newKeyFile(t).Save(path); err == nil || !strings.Contains(err.Error(), "left as it is") {
		t.Errorf("a second key over the first: %v", err)
	}
	for _, mode := range []os.FileMode{0o604, 0o640, 0o644} {
		fatal(t, os.Chmod(path, mode))
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

func TestDamagedKeyFilesSayNothingOfTheirContent(t *testing.T) {
	b, err := json.Marshal(newKeyFile(t))
	fatal(t, err)
	for n := 0; n < len(b)-1; n += len(b) / 30 {
		path := filepath.Join(t.TempDir(), "key.json")
		fatal(t, os.WriteFile(path, b[:n], 0o600))
		if _, err := Load(path); err == nil || strings.Contains(err.Error(), "private_key") || len(err.Error()) > 200 {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
}

func TestCollectorsWordsAreHarmless(t *testing.T) {
	w := newWorld(t, 1)
	c, err := Dial("", w.key)
	fatal(t, err)
	defer func() { fatal(t, c.Close()) }()
	if _, err := c.Plan(t.Context(), Query{Purpose: "x"}); err == nil || strings.ContainsRune(err.Error(), 0x1b) {
		t.Errorf("%q", err)
	}
	if p, err := c.Plan(t.Context(), Query{Purpose: purpose}); err != nil || p.Purpose != "Testing." {
		t.Errorf("%v %v", p, err)
	}
	other := newWorld(t, 1)
	stranger := w.key
	stranger.Collector = other.key.Collector
	d, err := Dial("", stranger)
	fatal(t, err)
	defer func() { fatal(t, d.Close()) }()
	if _, err := d.Plan(t.Context(), Query{Purpose: purpose}); err == nil || !strings.Contains(err.Error(), "not the collector") {
		t.Errorf("another collector: %v", err)
	}
}

// TestNoAddressOfAProxy: behind what is no address of a proxy the collector is not asked, and an invitation not spent.
func TestNoAddressOfAProxy(t *testing.T) {
	w := newWorld(t, 1)
	t.Setenv("HTTPS_PROXY", "secret.corp:port")
	w.key.Collector = "collector.invalid:7443"
	if _, err := Dial("", w.key); err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY is no address") {
		t.Errorf("an export says: %v", err)
	}
	if _, err := askToEnrol(t.Context(), w.key.Collector, pin.ByFingerprint([32]byte{}), &pb.EnrolRequest{}); err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY is no address") {
		t.Errorf("enrolment says: %v", err)
	}
}

// TestSecureProxy: a proxy that speaks TLS is spoken to in TLS, by exports and enrolment: nothing is said to it in the clear.
func TestSecureProxy(t *testing.T) {
	w := newWorld(t, 1)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	defer l.Close()
	t.Setenv("HTTPS_PROXY", "https://me:secret@"+l.Addr().String())
	w.key.Collector = "collector.invalid:7443"
	for what, ask := range map[string]func(){
		"an export": func() {
			c, err := Dial("", w.key)
			if err == nil {
				_, err = c.Plan(t.Context(), Query{Purpose: purpose})
				_ = c.Close()
			}
			if err == nil {
				t.Error("a proxy that hangs up took a question")
			}
		},
		"enrolment": func() {
			_, _ = askToEnrol(t.Context(), w.key.Collector, pin.ByFingerprint([32]byte{}), &pb.EnrolRequest{})
		},
	} {
		asked := make(chan struct{})
		go func() { ask(); close(asked) }()
		conn, err := l.Accept()
		fatal(t, err)
		b := make([]byte, 1)
		if _, err := conn.Read(b); err != nil || b[0] != 0x16 {
			t.Errorf("%s says %q, %v", what, b, err)
		}
		fatal(t, conn.Close())
		<-asked
	}
}
