package upload

import (
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
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
)

// Why an enrolment fails. Each leaves the device as it was.
var (
	ErrAway      = errors.New("the collector does not answer; check the network and try again: the invitation is still good")
	ErrWrongCA   = errors.New("whoever answers is not the collector of this invitation; if a proxy inspects TLS, exempt that address, else ask the operator")
	ErrUsed      = errors.New("the invitation is used, expired or unknown; ask the operator for a new one")
	ErrPolicyKey = errors.New("the collector shows another policy key than the invitation names; do not enrol, and tell the operator")
	ErrEnrolled  = errors.New("this device is enrolled already; nothing was changed")
)

// Enrol trades an invitation for an identity and stores it. All private keys are made here and never leave; the person's own is
// sealed under the passphrase, and the recovery code that is returned is to be shown once. The connection trusts the authority
// of the invitation alone, and the token is sent only after the other end has proved to be it.
func Enrol(ctx context.Context, invitation string, store *keystore.Store, passphrase []byte) (recovery string, err error) {
	pub, sealed, recovery, err := keystore.NewPersonKey(passphrase) // before the token is spent: the passphrase may be too short
	if err != nil {
		return "", err
	}
	return recovery, enrol(ctx, invitation, store, pub, sealed)
}

// EnrolRecovered is Enrol with the person's key from their recovery code, which stays as it is.
func EnrolRecovered(ctx context.Context, invitation string, store *keystore.Store, passphrase []byte, recovery string) error {
	pub, sealed, err := keystore.RecoverPersonKey(recovery, passphrase)
	if err != nil {
		return err
	}
	return enrol(ctx, invitation, store, pub, sealed)
}

func enrol(ctx context.Context, invitation string, store *keystore.Store, pub, sealed []byte) error {
	inv, err := pin.Parse(invitation)
	if err != nil {
		return err
	}
	if store.Enrolled() {
		return ErrEnrolled
	}
	person, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	if err != nil {
		return fmt.Errorf("read back the new key: %w", err)
	}
	keys, err := newDeviceKeys()
	if err != nil {
		return err
	}
	server := pin.ByFingerprint(inv.CA)
	var res *pb.EnrolResponse
	err = keys.ask(ctx, inv, server, func(ctx context.Context, c pb.EnrolmentClient, req *pb.EnrolRequest) error {
		res, err = c.Enrol(ctx, req)
		return err
	})
	if err != nil {
		return err
	}
	id, err := keys.identity(inv, server.CA(), res)
	if err != nil {
		return err
	}
	id.PersonKey = person
	if err := saveFirstPolicy(store, id, res.GetPolicy()); err != nil {
		return err
	}
	return store.SaveEnrolment(id, sealed)
}

// deviceKeys are the two keys of a device: one for connections, one for signatures.
type deviceKeys struct {
	tls  *ecdsa.PrivateKey
	sign ed25519.PrivateKey
	csr  []byte
}

func newDeviceKeys() (k deviceKeys, err error) {
	if k.tls, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return k, fmt.Errorf("make the connection key: %w", err)
	}
	if _, k.sign, err = ed25519.GenerateKey(rand.Reader); err != nil {
		return k, fmt.Errorf("make the signing key: %w", err)
	}
	// The request names nobody: the collector draws the ids.
	if k.csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k.tls); err != nil {
		return k, fmt.Errorf("make the certificate request: %w", err)
	}
	return k, nil
}

// Join enrols another device of a person with the code that one of their devices shows. The person's key and erasure code come from that
// device, sealed so that the collector can neither read nor make them; a consent never does.
func Join(ctx context.Context, text string, store *keystore.Store, passphrase []byte) error {
	j, err := pin.ParseJoin(text)
	if err != nil {
		return err
	}
	if store.Enrolled() {
		return ErrEnrolled
	}
	if _, _, _, err := keystore.NewPersonKey(passphrase); err != nil { // before the token is spent: the passphrase may be too short
		return err
	}
	keys, err := newDeviceKeys()
	if err != nil {
		return err
	}
	inv := pin.Invitation{Collector: j.Collector, CA: j.CA, Policy: j.Policy, Ledger: j.Ledger, Token: j.Token()}
	server := pin.ByFingerprint(inv.CA)
	var res *pb.JoinResponse
	err = keys.ask(ctx, inv, server, func(ctx context.Context, c pb.EnrolmentClient, req *pb.EnrolRequest) error {
		res, err = c.Join(ctx, req)
		return err
	})
	if errors.Is(err, ErrUsed) {
		return errors.New("the code was used, is older than ten minutes or is unknown; make a new one on your other computer")
	}
	if err != nil {
		return err
	}
	left, err := keystore.OpenFromAnother(res.GetSealed(), j.Key())
	if err != nil {
		return err
	}
	id, err := keys.identity(inv, server.CA(), res.GetEnrolled())
	if err != nil {
		return err
	}
	pub, sealed, err := left.Person(passphrase)
	if err != nil {
		return err
	}
	if id.PersonKey, err = hpke.MLKEM768X25519().NewPublicKey(pub); err != nil {
		return fmt.Errorf("read your key: %w", err)
	}
	if err := saveFirstPolicy(store, id, res.GetEnrolled().GetPolicy()); err != nil {
		return err
	}
	return store.SaveJoined(id, sealed, left)
}

// ask connects and lets call spend the token.
func (k deviceKeys) ask(ctx context.Context, inv pin.Invitation, server *pin.Server, call func(context.Context, pb.EnrolmentClient, *pb.EnrolRequest) error) (err error) {
	conn, err := dial(inv.Collector, server, new(lifeline))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	err = call(ctx, pb.NewEnrolmentClient(conn), &pb.EnrolRequest{Token: inv.Token, Csr: k.csr, SigningKey: k.sign.Public().(ed25519.PublicKey)})
	if err == nil {
		return nil
	}
	switch code := status.Code(err); {
	case server.Refused() && ProxyOf(inv.Collector) != "":
		return fmt.Errorf("%s: %w", wrongServer(inv.Collector), ErrWrongCA)
	case server.Refused():
		return ErrWrongCA
	case code == codes.Unavailable || code == codes.DeadlineExceeded:
		return fmt.Errorf("%s: %w", inv.Collector, ErrAway)
	case code == codes.ResourceExhausted:
		return errors.New("the collector is busy; try again in a minute: the invitation is still good")
	case code == codes.InvalidArgument || code == codes.Unimplemented:
		return errors.New("the collector does not understand this agent; one of them needs an update")
	case code == codes.Internal || code == codes.Unknown:
		return errors.New("the collector failed; ask the operator to look at its log, then try again")
	case code == codes.Canceled:
		return ctx.Err()
	}
	return ErrUsed
}

// identity checks every part of the answer before anything is stored.
func (k deviceKeys) identity(inv pin.Invitation, ca *x509.Certificate, res *pb.EnrolResponse) (keystore.Identity, error) {
	id := keystore.Identity{Sign: k.sign, CA: ca, Collector: inv.Collector, PolicyKey: res.GetPolicyKey(), Ledger: inv.Ledger}
	if ca == nil || sha256.Sum256(res.GetCa()) != inv.CA {
		return id, ErrWrongCA
	}
	if len(id.PolicyKey) != ed25519.PublicKeySize || sha256.Sum256(id.PolicyKey) != inv.Policy {
		return id, ErrPolicyKey
	}
	if len(res.GetSubject()) != 16 || len(res.GetDevice()) != 16 {
		return id, errors.New("the collector's answer lacks an id; ask the operator to update it")
	}
	id.Subject, id.Device = [16]byte(res.GetSubject()), [16]byte(res.GetDevice())
	var err error
	if id.VaultKey, err = hpke.MLKEM768X25519().NewPublicKey(res.GetVaultKey()); err != nil {
		return id, errors.New("the collector's vault key is not usable; ask the operator to update it")
	}
	leaf, err := x509.ParseCertificate(res.GetCertificate())
	if err != nil || leaf.CheckSignatureFrom(ca) != nil || !k.tls.PublicKey.Equal(leaf.PublicKey) || time.Now().After(leaf.NotAfter) {
		return id, errors.New("the certificate that the collector gave does not fit; check this computer's clock, then ask for a new invitation")
	}
	id.TLS = tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: k.tls, Leaf: leaf}
	return id, nil
}

// saveFirstPolicy keeps the policy that came along, if it is signed by the pinned key.
func saveFirstPolicy(store *keystore.Store, id keystore.Identity, signed *pb.Signed) error {
	if signed == nil {
		return nil
	}
	b, err := proto.Marshal(signed)
	if err != nil {
		return fmt.Errorf("keep the policy: %w", err)
	}
	if _, err := policy.Parse(b, id.PolicyKey); err != nil {
		return fmt.Errorf("the collector's policy is not acceptable: %w; tell the operator", err)
	}
	return store.SavePolicy(b)
}
