package ledger

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const keyName = "ledger.key"

// CreateKey makes the key that signs the ledger's checkpoints. It refuses to replace one.
func CreateKey(dir string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("ledger: make a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("ledger: encode a key: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, keyName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("ledger: write %s: %w", keyName, errors.Unwrap(err))
	}
	if err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("ledger: write %s: %w", keyName, err)
	}
	return nil
}

// PublicKey reads the public half of the key in dir, whose fingerprint stands in every invitation.
func PublicKey(dir string) (ed25519.PublicKey, error) {
	key, err := LoadKey(dir)
	if err != nil {
		return nil, err
	}
	return key.Public().(ed25519.PublicKey), nil
}

// LoadKey reads the key in dir. It signs erasure records and the ledger's checkpoints.
func LoadKey(dir string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(filepath.Join(dir, keyName))
	if err != nil {
		return nil, fmt.Errorf("ledger: read %s: %w: run `byleave-collector init`, or restore it from a backup", keyName, errors.Unwrap(err))
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("ledger: %s holds no key: restore it from a backup", keyName)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("ledger: %s holds no Ed25519 key: restore it from a backup", keyName)
	}
	return key, nil
}
