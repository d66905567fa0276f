package ca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Life is how long a device's or custodian's certificate counts.
const Life = 30 * 24 * time.Hour

// ErrRequest says that a certificate request is not acceptable.
var ErrRequest = errors.New("ca: the certificate request is malformed, unsigned or for an unfit key")

// Identity is what a certificate says. The zero Identity is nobody.
type Identity struct {
	Role store.Role
	ID   store.ID
}

// CheckRequest reads a PKCS #10 request and returns the key that it proves to hold. Nothing else of it counts.
func CheckRequest(csr []byte) (any, error) {
	req, err := x509.ParseCertificateRequest(csr)
	if err != nil || req.CheckSignature() != nil {
		return nil, ErrRequest
	}
	switch k := req.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return k, nil
		}
	case ed25519.PublicKey:
		return k, nil
	}
	return nil, ErrRequest
}

// Issue makes a client certificate for key, which CheckRequest returned. It is DER.
func (a *Authority) Issue(key any, who Identity) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := a.now()
	tmpl := &x509.Certificate{
		SerialNumber: serial, NotBefore: now.Add(-backdate), NotAfter: now.Add(Life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs: []*url.URL{{Scheme: "byleave", Host: string(who.Role), Path: "/" + hex.EncodeToString(who.ID[:])}},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("ca: sign a certificate: %w", err)
	}
	return der, nil
}

// IdentityOf reads a certificate that TLS has verified already. Anything unusual is nobody.
func IdentityOf(cert *x509.Certificate) (Identity, bool) {
	if len(cert.URIs) != 1 || len(cert.DNSNames)+len(cert.IPAddresses)+len(cert.EmailAddresses) != 0 {
		return Identity{}, false
	}
	rest, ok := strings.CutPrefix(cert.URIs[0].String(), "byleave://")
	role, id, ok2 := strings.Cut(rest, "/")
	raw, err := hex.DecodeString(id)
	if !ok || !ok2 || err != nil || len(raw) != 16 || hex.EncodeToString(raw) != id {
		return Identity{}, false
	}
	who := Identity{Role: store.Role(role), ID: store.ID(raw)}
	return who, who.Role == store.DeviceRole || who.Role == store.CustodianRole
}
