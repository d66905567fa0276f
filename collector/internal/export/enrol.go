package export

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/proxy"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// answerIn bounds a call that answers at once.
const answerIn = 30 * time.Second

// ErrNoAnswer means that it is not known whether the invitation was used.
var ErrNoAnswer = errors.New("the collector did not answer")

// NewKey makes the key of a custodian, without a certificate. Save it before Renew: an invitation that was spent for a key that could not be
// kept is lost.
func NewKey(name string) (Key, error) {
	own, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return Key{}, fmt.Errorf("make the custodian's key: %w", err)
	}
	k := Key{Name: name, PublicKey: own.PublicKey().Bytes()}
	if k.Private, err = own.Bytes(); err != nil {
		return Key{}, fmt.Errorf("make the custodian's key: %w", err)
	}
	return k, nil
}

// Renew returns the same key with a certificate, the first or a new one: what was sealed to it stays openable.
func (k Key) Renew(ctx context.Context, invitation string) (Key, error) {
	inv, err := pin.Parse(invitation)
	if err != nil {
		return Key{}, err
	}
	k.Collector, k.Ledger = inv.Collector, inv.Ledger
	tlsKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make the connection key: %w", err)
	}
	if k.TLSKey, err = x509.MarshalPKCS8PrivateKey(tlsKey); err != nil {
		return Key{}, fmt.Errorf("make the connection key: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, tlsKey)
	if err != nil {
		return Key{}, fmt.Errorf("make the certificate request: %w", err)
	}
	server := pin.ByFingerprint(inv.CA)
	res, err := askToEnrol(ctx, inv.Collector, server, &pb.EnrolRequest{Token: inv.Token, Csr: csr, Name: k.Name, RecipientKey: k.PublicKey})
	if err != nil {
		return Key{}, err
	}
	return k, k.accept(inv, res, tlsKey)
}

// accept checks the collector's answer before it is kept.
func (k *Key) accept(inv pin.Invitation, res *pb.EnrolResponse, tlsKey *ecdsa.PrivateKey) error {
	if sha256.Sum256(res.GetCa()) != inv.CA {
		return errors.New("the collector answers with another authority than the invitation names; tell the operator")
	}
	ca, err := x509.ParseCertificate(res.GetCa())
	if err != nil {
		return errors.New("the collector's authority is not readable; tell the operator")
	}
	leaf, err := x509.ParseCertificate(res.GetCertificate())
	if err != nil || leaf.CheckSignatureFrom(ca) != nil || !tlsKey.PublicKey.Equal(leaf.PublicKey) {
		return errors.New("the certificate that the collector gave does not fit; ask for a new invitation")
	}
	k.CA, k.Certificate = ca.Raw, leaf.Raw
	return nil
}

func askToEnrol(ctx context.Context, addr string, server *pin.Server, req *pb.EnrolRequest) (_ *pb.EnrolResponse, err error) {
	through, err := proxy.For(addr)
	if err != nil {
		return nil, err
	}
	target, how := proxy.Through(through, addr)
	conn, err := grpc.NewClient(target, append(how, grpc.WithTransportCredentials(credentials.NewTLS(server.TLS())))...)
	if err != nil {
		return nil, fmt.Errorf("reach the collector: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	ctx, cancel := context.WithTimeout(ctx, answerIn)
	defer cancel()
	res, err := pb.NewEnrolmentClient(conn).Enrol(ctx, req)
	switch {
	case err == nil:
		return res, nil
	case server.Refused():
		return nil, errors.New("whoever answers is not the collector of this invitation; ask the operator")
	case status.Code(err) == codes.Unavailable || status.Code(err) == codes.DeadlineExceeded:
		return nil, fmt.Errorf("%w at %s: the invitation is still good, unless its answer was lost", ErrNoAnswer, addr)
	case status.Code(err) == codes.FailedPrecondition:
		return nil, fmt.Errorf("the collector refuses: %s", printable(status.Convert(err).Message()))
	case status.Code(err) == codes.InvalidArgument:
		return nil, errors.New("the collector refuses the request: is this an invitation for a custodian, and the name one of 1 to 200 letters?")
	}
	return nil, errors.New("the invitation is used, expired, unknown or for a device; ask the operator for a custodian's")
}
