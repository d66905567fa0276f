package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

const (
	keyName         = "ca.key"
	certificateName = "ca.crt"
	authorityLife   = 10 * 365 * 24 * time.Hour
	backdate        = 5 * time.Minute // clocks of devices differ
)

// Authority signs certificates. Its key lies in the collector's folder.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time

	renewals atomic.Int64
}

// Create makes an authority's key and certificate in dir. It refuses to replace one.
func Create(dir string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fmt.Errorf("ca: make the key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return err
	}
	tmpl := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Byleave collector"},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(authorityLife),
		IsCA: true, MaxPathLenZero: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return fmt.Errorf("ca: make the certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("ca: encode the key: %w", err)
	}
	if err := writePEM(filepath.Join(dir, keyName), "PRIVATE KEY", private); err != nil {
		return err
	}
	return writePEM(filepath.Join(dir, certificateName), "CERTIFICATE", der)
}

// Load reads the authority that Create made in dir. now is the clock by which it issues.
func Load(dir string, now func() time.Time) (*Authority, error) {
	private, err := readPEM(filepath.Join(dir, keyName), "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(private)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("ca: %s is no ECDSA key: restore it from a backup", keyName)
	}
	der, err := readPEM(filepath.Join(dir, certificateName), "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil || !key.PublicKey.Equal(cert.PublicKey) {
		return nil, fmt.Errorf("ca: %s does not belong to %s: restore both from one backup", certificateName, keyName)
	}
	return &Authority{cert: cert, key: key, now: now}, nil
}

// Certificate is the authority's own certificate.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// Fingerprint is the SHA-256 of the authority's certificate, as it stands in invitations.
func (a *Authority) Fingerprint() [32]byte { return sha256.Sum256(a.cert.Raw) }

func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("ca: draw a serial number: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func writePEM(path, kind string, der []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("ca: write %s: %w", filepath.Base(path), errors.Unwrap(err))
	}
	if err = pem.Encode(f, &pem.Block{Type: kind, Bytes: der}); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("ca: write %s: %w", filepath.Base(path), err)
	}
	return nil
}

func readPEM(path, kind string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ca: %s is missing: run `byleave-collector init`, or restore it from a backup", filepath.Base(path))
	}
	if err != nil {
		return nil, fmt.Errorf("ca: read %s: %w", filepath.Base(path), err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("ca: %s holds no %s: restore it from a backup", filepath.Base(path), kind)
	}
	return block.Bytes, nil
}
