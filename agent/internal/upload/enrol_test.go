package upload

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
)

const passphrase = "four words in a row"

// office enrols as a real collector does. Tests spoil its answer.
type office struct {
	*collector
	policy ed25519.PublicKey
	used   map[string]bool
	last   *pb.EnrolRequest
	spoil  func(*pb.EnrolResponse)
}

func newOffice(t *testing.T) *office {
	t.Helper()
	pub, _, err := ed25519.GenerateKey(nil)
	fatal(t, err)
	o := &office{collector: &collector{}, policy: pub, used: map[string]bool{}, spoil: func(*pb.EnrolResponse) {}}
	o.collector.enrol = func(req *pb.EnrolRequest) (*pb.EnrolResponse, error) { return o.answer(t, req) }
	o.start(t, newAuthority(t))
	return o
}

func (o *office) answer(t *testing.T, req *pb.EnrolRequest) (*pb.EnrolResponse, error) {
	o.last = req
	if o.used[req.GetToken()] {
		return nil, status.Error(codes.PermissionDenied, "the invitation is used")
	}
	o.used[req.GetToken()] = true
	csr, err := x509.ParseCertificateRequest(req.GetCsr())
	if err != nil || csr.CheckSignature() != nil {
		return nil, status.Error(codes.InvalidArgument, "csr")
	}
	vault, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return nil, err
	}
	pub, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, status.Error(codes.InvalidArgument, "key")
	}
	res := &pb.EnrolResponse{Certificate: o.ca.issue(t, pub, x509.ExtKeyUsageClientAuth, time.Hour), Ca: o.ca.cert.Raw, Subject: random16(), Device: random16(), VaultKey: vault.PublicKey().Bytes(), PolicyKey: o.policy}
	o.spoil(res)
	return res, nil
}

func random16() []byte {
	b := make([]byte, 16)
	rand.Read(b)
	return b
}

// invitation is one of this office, with a token of its own.
func (o *office) invitation() string { return invite(o.addr, o.ca.cert.Raw, o.policy) }

func invite(addr string, ca, policy []byte) string {
	fp := func(b []byte) string {
		sum := sha256.Sum256(b)
		return base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return "byleave://" + addr + "/?ca=" + fp(ca) + "&policy=" + fp(policy) + "&ledger=" + fp([]byte("ledger")) +
		"&token=" + base64.RawURLEncoding.EncodeToString(random16())
}

func openKeys(t *testing.T) *keystore.Store {
	t.Helper()
	keys, err := keystore.Open(t.TempDir() + "/keys")
	fatal(t, err)
	return keys
}

func TestEnrolStoresWhatTheCollectorGaveAndOwnKeys(t *testing.T) {
	o, keys := newOffice(t), openKeys(t)
	code, err := Enrol(t.Context(), o.invitation(), keys, []byte(passphrase))
	fatal(t, err)
	id, err := keys.Identity()
	fatal(t, err)
	if id.Collector != o.addr || !id.CA.Equal(o.ca.cert) || !id.PolicyKey.Equal(o.policy) || id.Ledger != sha256.Sum256([]byte("ledger")) {
		t.Fatal("the identity is not of this invitation")
	}
	if !bytes.Equal(o.last.GetSigningKey(), id.Sign.Public().(ed25519.PublicKey)) || o.last.GetName() != "" || len(o.last.GetRecipientKey()) != 0 {
		t.Fatal("the request told something else than the signing key")
	}
	byCode, err := keys.RecoverPerson(code)
	fatal(t, err)
	if !bytes.Equal(byCode.PublicKey().Bytes(), id.PersonKey.Bytes()) {
		t.Fatal("the recovery code opens another key")
	}
	u := run(t, id, nil) // the certificate works
	u.send(newBox(t, 1, 1))
	until(t, "a box", func() bool { return u.queue.done() == 1 })
	if _, err := Enrol(t.Context(), o.invitation(), keys, []byte(passphrase)); !errors.Is(err, ErrEnrolled) {
		t.Fatalf("enrolled twice: %v", err)
	}
}

// TestEnrolRefusals: whatever goes wrong, the device is as before, and the sentence says what to do.
func TestEnrolRefusals(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	gone := closed.Addr().String()
	fatal(t, closed.Close())
	for name, c := range map[string]struct {
		invitation func(*office) string
		spoil      func(*office, *pb.EnrolResponse)
		want       error
		says       string
	}{
		"collector away":     {invitation: func(o *office) string { return invite(gone, o.ca.cert.Raw, o.policy) }, want: ErrAway},
		"another authority":  {invitation: func(o *office) string { return invite(o.addr, newAuthority(t).cert.Raw, o.policy) }, want: ErrWrongCA},
		"another policy key": {invitation: func(o *office) string { return invite(o.addr, o.ca.cert.Raw, []byte("other")) }, want: ErrPolicyKey},
		"not an invitation":  {invitation: func(*office) string { return "https://collector.example/" }, want: pin.ErrInvitation},
		"half an invitation": {invitation: func(o *office) string { return o.invitation()[:90] }, want: pin.ErrInvitation},
		"used": {invitation: func(o *office) string {
			text := o.invitation()
			inv, err := pin.Parse(text)
			fatal(t, err)
			o.used[inv.Token] = true
			return text
		}, want: ErrUsed},
		"another authority inside": {spoil: func(_ *office, r *pb.EnrolResponse) { r.Ca = newAuthority(t).cert.Raw }, want: ErrWrongCA},
		"no subject":               {spoil: func(_ *office, r *pb.EnrolResponse) { r.Subject = nil }, says: "id"},
		"long device":              {spoil: func(_ *office, r *pb.EnrolResponse) { r.Device = append(r.Device, 0) }, says: "id"},
		"bad vault key":            {spoil: func(_ *office, r *pb.EnrolResponse) { r.VaultKey = r.VaultKey[1:] }, says: "vault"},
		"certificate of another key": {spoil: func(o *office, r *pb.EnrolResponse) {
			r.Certificate = o.ca.issue(t, &newKey(t).PublicKey, x509.ExtKeyUsageClientAuth, time.Hour)
		}, says: "certificate"},
		"certificate of another authority": {spoil: func(o *office, r *pb.EnrolResponse) {
			leaf, err := x509.ParseCertificate(r.Certificate)
			fatal(t, err)
			r.Certificate = newAuthority(t).issue(t, leaf.PublicKey.(*ecdsa.PublicKey), x509.ExtKeyUsageClientAuth, time.Hour)
		}, says: "certificate"},
		"expired certificate": {spoil: func(o *office, r *pb.EnrolResponse) {
			leaf, err := x509.ParseCertificate(r.Certificate)
			fatal(t, err)
			r.Certificate = o.ca.issue(t, leaf.PublicKey.(*ecdsa.PublicKey), x509.ExtKeyUsageClientAuth, -time.Hour)
		}, says: "clock"},
		"policy of another key": {spoil: func(_ *office, r *pb.EnrolResponse) {
			r.Policy = &pb.Signed{Body: []byte("x"), Signature: make([]byte, 64)}
		}, says: "policy"},
	} {
		t.Run(name, func(t *testing.T) {
			o, keys := newOffice(t), openKeys(t)
			text := o.invitation()
			if c.invitation != nil {
				text = c.invitation(o)
			}
			if c.spoil != nil {
				o.spoil = func(r *pb.EnrolResponse) { c.spoil(o, r) }
			}
			_, err := Enrol(t.Context(), text, keys, []byte(passphrase))
			if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("error: %v", err)
			}
			if keys.Enrolled() {
				t.Fatal("enrolled all the same")
			}
			if errors.Is(c.want, ErrWrongCA) && c.spoil == nil && o.last != nil {
				t.Fatal("the token went to a stranger")
			}
		})
	}
}

func TestEnrolKeepsTheInvitationWhenThePassphraseIsWeak(t *testing.T) {
	o, keys := newOffice(t), openKeys(t)
	if _, err := Enrol(t.Context(), o.invitation(), keys, []byte("short")); !errors.Is(err, keystore.ErrWeak) || o.last != nil {
		t.Fatalf("%v; asked: %v", err, o.last != nil)
	}
}

func TestEnrolEndsWithItsContext(t *testing.T) {
	o, keys := newOffice(t), openKeys(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Enrol(ctx, o.invitation(), keys, []byte(passphrase)); !errors.Is(err, context.Canceled) || keys.Enrolled() {
		t.Fatal(err)
	}
}
