package ca

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
)

// FuzzCheckRequest: whatever is sent as a certificate request, only a key of the two permitted kinds comes out.
func FuzzCheckRequest(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"x"}}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(csr)
	f.Add(csr[:len(csr)/2])
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := CheckRequest(raw)
		switch k := got.(type) {
		case nil:
			if err == nil {
				t.Fatal("no key and no error")
			}
		case *ecdsa.PublicKey:
			if k.Curve != elliptic.P256() {
				t.Fatal("another curve")
			}
		case ed25519.PublicKey:
		default:
			t.Fatalf("a %T", got)
		}
	})
}

// FuzzIdentityOf: a certificate is somebody only if it says exactly what Issue writes.
func FuzzIdentityOf(f *testing.F) {
	f.Add([]byte("\x30\x03\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, der []byte) {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		who, ok := IdentityOf(cert)
		if ok && who.Role != store.DeviceRole && who.Role != store.CustodianRole {
			t.Fatalf("a role that there is not: %q", who.Role)
		}
	})
}
