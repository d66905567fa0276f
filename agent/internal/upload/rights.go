package upload

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
)

// erasures is the person's rights as the uploader sees them: what the collector is to destroy.
type erasures interface {
	Pending() ([]*pb.EraseRequest, error)
	Erased(req *pb.EraseRequest, res *pb.EraseResponse) error
}

// own is the key store as the check-in sees it: the hash of the receipt's code goes to the collector, a new certificate comes, and the
// mark of what was heard is kept.
type own interface {
	ErasureCode() ([32]byte, error)
	SaveRenewal(cert tls.Certificate) error
	Mark() [32]byte
	SaveMark([32]byte) error
}

// eraseAll asks for every erasure that waits. One that the collector refuses for good stays, is said at the end, and holds back nothing.
func (u *Uploader) eraseAll(ctx context.Context, client pb.DeviceClient) (refused, err error) {
	pending, err := u.opt.Erasures.Pending()
	if err != nil {
		return nil, failure{words: "the erasures: " + err.Error()}
	}
	u.unerased = 0
	for _, req := range pending {
		err := u.erase(ctx, client, req)
		switch code := status.Code(err); {
		case err == nil:
		case errors.Is(err, erasure.ErrRecord):
			u.unerased++
			refused = failure{words: erasure.ErrRecord.Error()}
		case code == codes.InvalidArgument || code == codes.FailedPrecondition || code == codes.Unimplemented:
			u.unerased++
			refused = failure{words: wordsErase}
		default:
			return nil, err
		}
	}
	return refused, nil
}

// erase asks for one erasure. It counts as done only with the collector's signed word.
func (u *Uploader) erase(ctx context.Context, client pb.DeviceClient, req *pb.EraseRequest) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	secret, err := u.secret()
	if err != nil {
		return err
	}
	salt := secret.Salt(tlog.Erasure, req.GetId())
	req.Salt = salt[:]
	res, err := client.Erase(ctx, req)
	if err != nil {
		return err
	}
	return u.opt.Erasures.Erased(req, res)
}

// mustErase tells whether an erasure waits that the collector has not refused.
func (u *Uploader) mustErase() bool {
	pending, err := u.opt.Erasures.Pending()
	return err == nil && len(pending) > u.unerased
}

// secret makes the salts of leaves, so that this person's devices and their receipt find them again.
func (u *Uploader) secret() (tlog.Secret, error) {
	code, err := u.opt.Own.ErasureCode()
	if err != nil {
		return tlog.Secret{}, failure{words: "the key folder: " + err.Error()}
	}
	return tlog.SecretOf(code), nil
}

// putCode registers the receipt's code by its hash. A collector that does not know the call is an older one.
func (u *Uploader) putCode(ctx context.Context, client pb.DeviceClient) error {
	secret, err := u.opt.Own.ErasureCode()
	if err != nil {
		return failure{words: "the key folder: " + err.Error()}
	}
	hash := erasure.Hash(secret)
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	if _, err := client.PutErasureCode(ctx, &pb.PutErasureCodeRequest{CodeSha256: hash[:]}); err != nil && status.Code(err) != codes.Unimplemented {
		return err
	}
	return nil
}

// renewIfDue trades the certificate for a new one, with a new key, when two thirds of its life are over. Every device does so at its
// check-in, consent or not.
func (u *Uploader) renewIfDue(ctx context.Context, client pb.DeviceClient) error {
	old := u.opt.Identity.TLS.Leaf
	if old == nil || time.Now().Before(old.NotBefore.Add(old.NotAfter.Sub(old.NotBefore)*2/3)) {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make a connection key: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		return fmt.Errorf("make the certificate request: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	res, err := client.Renew(ctx, &pb.RenewRequest{Csr: csr})
	if status.Code(err) == codes.Unimplemented {
		return nil // an older collector: it will ask to enrol again
	}
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(res.GetCertificate())
	if err != nil || leaf.CheckSignatureFrom(u.opt.Identity.CA) != nil || !key.PublicKey.Equal(leaf.PublicKey) || !sameName(old, leaf) {
		return failure{words: "the certificate that the collector gave does not fit; tell the operator"}
	}
	cert := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	if err := u.opt.Own.SaveRenewal(cert); err != nil {
		return failure{words: "the key folder: " + err.Error()}
	}
	u.opt.Identity.TLS = cert
	return nil
}

// sameName tells whether two certificates are of one device.
func sameName(a, b *x509.Certificate) bool {
	return len(a.URIs) == len(b.URIs) && (len(a.URIs) == 0 || a.URIs[0].String() == b.URIs[0].String()) && bytes.Equal(a.RawIssuer, b.RawIssuer)
}
