package export

import (
	"crypto/ecdsa"
	"crypto/hpke"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxKeyFile bounds what is read; a key file has about 9 KB.
const maxKeyFile = 1 << 20

// Key is everything that a custodian holds: the private key that opens their share of each box, and the certificate with which
// they ask the collector. Whoever has the file can do what the custodian can.
type Key struct {
	Name      string `json:"name"`
	PublicKey []byte `json:"public_key"` // HPKE MLKEM768X25519, 1,216 bytes; it stands in the policy

	Private     []byte `json:"private_key"`
	Collector   string `json:"collector"` // host:port
	CA          []byte `json:"ca"`        // DER
	Certificate []byte `json:"certificate"`
	TLSKey      []byte `json:"tls_key"` // PKCS #8

	Ledger Fingerprint `json:"ledger"` // of the ledger's key; zero in files from before there was a ledger
}

// Fingerprint is a SHA-256, in hex where it is text.
type Fingerprint [32]byte

// MarshalText is hex.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(f[:])), nil }

// UnmarshalText reads hex.
func (f *Fingerprint) UnmarshalText(text []byte) error {
	if n, err := hex.Decode(f[:], text[:min(len(text), 64)]); err != nil || n != 32 || len(text) != 64 {
		return errors.New("a fingerprint has 64 hex digits")
	}
	return nil
}

// Vacant tells whether path is free for a new key.
func Vacant(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s exists already and is left as it is; choose another name", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for the key file: %w", err)
	}
	return nil
}

// Save writes the key to a new file of mode 0600. An existing file is never replaced: it may be the only copy.
func (k Key) Save(path string) error {
	if err := Vacant(path); err != nil {
		return err
	}
	return k.Replace(path)
}

// Replace writes the key over an older file of the same key.
func (k Key) Replace(path string) error {
	b, err := json.MarshalIndent(k, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the key: %w", err)
	}
	return writeFile(path, append(b, '\n'))
}

// Load reads a key file. It refuses one that others may read.
func Load(path string) (Key, error) {
	var k Key
	f, err := os.Open(path)
	if err != nil {
		return k, fmt.Errorf("open the key file: %w", err)
	}
	defer f.Close()
	if err := private(f); err != nil {
		return k, err
	}
	dec := json.NewDecoder(io.LimitReader(f, maxKeyFile))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&k); err != nil {
		return k, fmt.Errorf("%s is not a custodian's key file", path)
	}
	_, err = k.hpke()
	return k, err
}

func (k Key) hpke() (hpke.PrivateKey, error) {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(k.Private)
	if err != nil {
		return nil, errors.New("the private key in the key file is damaged; use a copy of it")
	}
	return key, nil
}

// certificate is what the custodian shows the collector, and the authority that the collector must show.
func (k Key) certificate() (own tls.Certificate, ca *x509.Certificate, err error) {
	if ca, err = x509.ParseCertificate(k.CA); err != nil {
		return own, nil, errors.New("the authority in the key file is damaged; use a copy of it")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(k.TLSKey)
	if err != nil {
		return own, nil, errors.New("the connection key in the key file is damaged; use a copy of it")
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return own, nil, errors.New("the connection key in the key file is of another kind; use a copy of it")
	}
	leaf, err := x509.ParseCertificate(k.Certificate)
	if err != nil || !key.PublicKey.Equal(leaf.PublicKey) {
		return own, nil, errors.New("the certificate in the key file is damaged; use a copy of it")
	}
	return tls.Certificate{Certificate: [][]byte{k.Certificate}, PrivateKey: key, Leaf: leaf}, ca, nil
}
