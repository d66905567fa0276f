package keystore

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

const (
	identityFile = "identity.json"
	personFile   = "person.json"
)

// Identity is what enrolment gave this device. The zero Identity is none.
type Identity struct {
	Subject   [16]byte           // random id of the person at this collector
	Device    [16]byte           // random id of this device
	Sign      ed25519.PrivateKey // signs boxes, consents and withdrawals
	TLS       tls.Certificate    // ECDSA P-256, for the collector only
	CA        *x509.Certificate  // the only one that the collector's certificate may come from
	Collector string             // host:port
	VaultKey  hpke.PublicKey     // this person's vault at the collector
	PolicyKey ed25519.PublicKey  // who may ask
	PersonKey hpke.PublicKey     // the person's own
	Ledger    [32]byte           // fingerprint of the ledger's key, from the invitation
}

// Verify is the public half of Sign: with it consents and withdrawals of this device are checked.
func (id Identity) Verify() ed25519.PublicKey { return id.Sign.Public().(ed25519.PublicKey) }

// identityJSON is Identity on disk: one file, so that a device is enrolled wholly or not at all.
type identityJSON struct {
	Subject     []byte `json:"subject"`
	Device      []byte `json:"device"`
	SignSeed    []byte `json:"sign_seed"`
	TLSKey      []byte `json:"tls_key"` // PKCS #8
	Certificate []byte `json:"certificate"`
	CA          []byte `json:"ca"`
	Collector   string `json:"collector"`
	VaultKey    []byte `json:"vault_key"`
	PolicyKey   []byte `json:"policy_key"`
	PersonKey   []byte `json:"person_key"`
	Ledger      []byte `json:"ledger"`
}

// Enrolled tells whether the device has an identity. It does not read it.
func (s *Store) Enrolled() bool {
	b, err := s.read(identityFile)
	return err != nil || b != nil // a file that cannot be read is no reason to enrol over it
}

// Has tells whether the folder dir holds an identity, without opening it or changing anything. Any doubt is no.
func Has(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, identityFile))
	return err == nil
}

// SaveEnrolment stores the sealed person key (from NewPersonKey) and then the identity. After a crash in between the device
// is not enrolled.
func (s *Store) SaveEnrolment(id Identity, sealedPerson []byte) error {
	b, err := encodeIdentity(id)
	if err != nil {
		return err
	}
	if _, err := decodeIdentity(b); err != nil {
		return fmt.Errorf("the enrolment cannot be stored: %w", err)
	}
	if _, err := parseSealed(sealedPerson); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(personFile, sealedPerson); err != nil {
		return err
	}
	return s.write(identityFile, b)
}

// Identity returns what enrolment gave, ErrNotEnrolled if nothing did.
func (s *Store) Identity() (Identity, error) {
	b, err := s.read(identityFile)
	if err != nil {
		return Identity{}, err
	}
	if b == nil {
		return Identity{}, ErrNotEnrolled
	}
	id, err := decodeIdentity(b)
	if err != nil {
		return Identity{}, fmt.Errorf("%s: %w: %w; restore it from a copy, or enrol again in an empty folder", identityFile, ErrDamaged, err)
	}
	if pub, err := hpke.MLKEM768X25519().NewPublicKey(s.personPublic()); err == nil {
		id.PersonKey = pub // after ReplacePersonKey it is another than at enrolment
	}
	return id, nil
}

func encodeIdentity(id Identity) ([]byte, error) {
	if id.CA == nil || id.VaultKey == nil || id.PersonKey == nil || len(id.TLS.Certificate) == 0 || len(id.Sign) != ed25519.PrivateKeySize {
		return nil, errors.New("the enrolment is incomplete")
	}
	key, err := x509.MarshalPKCS8PrivateKey(id.TLS.PrivateKey)
	if err != nil {
		return nil, fmt.Errorf("encode the connection key: %w", err)
	}
	return json.MarshalIndent(identityJSON{
		Subject: id.Subject[:], Device: id.Device[:], SignSeed: id.Sign.Seed(), TLSKey: key, Certificate: id.TLS.Certificate[0],
		CA: id.CA.Raw, Collector: id.Collector, VaultKey: id.VaultKey.Bytes(), PolicyKey: id.PolicyKey,
		PersonKey: id.PersonKey.Bytes(), Ledger: id.Ledger[:],
	}, "", "  ")
}

func decodeIdentity(b []byte) (Identity, error) {
	var j identityJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return Identity{}, err
	}
	id := Identity{Collector: j.Collector, PolicyKey: j.PolicyKey}
	if copy(id.Subject[:], j.Subject) != 16 || copy(id.Device[:], j.Device) != 16 || copy(id.Ledger[:], j.Ledger) != 32 {
		return Identity{}, errors.New("an id has the wrong length")
	}
	if len(j.SignSeed) != ed25519.SeedSize || len(j.PolicyKey) != ed25519.PublicKeySize {
		return Identity{}, errors.New("a signing key has the wrong length")
	}
	id.Sign = ed25519.NewKeyFromSeed(j.SignSeed)
	if _, _, err := net.SplitHostPort(j.Collector); err != nil {
		return Identity{}, errors.New("the collector's address is not host:port")
	}
	var err error
	if id.CA, err = x509.ParseCertificate(j.CA); err != nil {
		return Identity{}, fmt.Errorf("read the certificate authority: %w", err)
	}
	if id.TLS, err = decodeCertificate(j.Certificate, j.TLSKey); err != nil {
		return Identity{}, err
	}
	if id.VaultKey, err = hpke.MLKEM768X25519().NewPublicKey(j.VaultKey); err != nil {
		return Identity{}, fmt.Errorf("read the vault key: %w", err)
	}
	if id.PersonKey, err = hpke.MLKEM768X25519().NewPublicKey(j.PersonKey); err != nil {
		return Identity{}, fmt.Errorf("read the person's key: %w", err)
	}
	return id, nil
}

// decodeCertificate refuses a certificate that is not for this key.
func decodeCertificate(der, pkcs8 []byte) (tls.Certificate, error) {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("read the certificate: %w", err)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return tls.Certificate{}, errors.New("the connection key cannot be read") // the library's error could quote bytes of it
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(leaf.PublicKey) {
		return tls.Certificate{}, errors.New("the certificate is for another key")
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, nil
}
