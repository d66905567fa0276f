package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
)

const (
	keyName     = "vault.key"
	keySize     = 32
	wrapDomain  = "byleave vault key v1\x00"
	halfDomain  = "byleave release v1"
	wrapVersion = 1
)

// ErrNotNamed says that a box does not name this custodian, so that its half is not theirs to have.
var ErrNotNamed = errors.New("vault: the box does not name this custodian")

// Vault makes and uses persons' keys.
type Vault struct {
	wrap cipher.AEAD
	keys keys
}

// keys is what the vault needs of the store.
type keys interface {
	VaultKey(ctx context.Context, subject store.ID) (store.VaultKey, error)
}

// Create makes the key file in dir. It refuses to replace one.
func Create(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, keyName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("vault: write %s: %w", keyName, errors.Unwrap(err))
	}
	key := make([]byte, keySize)
	rand.Read(key) // never fails: it ends the program rather than giving weak bytes
	_, err = f.Write(key)
	clear(key)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("vault: write %s: %w", keyName, err)
	}
	return nil
}

// Load reads the key file in dir.
func Load(dir string, k keys) (*Vault, error) {
	key, err := os.ReadFile(filepath.Join(dir, keyName))
	if err != nil {
		return nil, fmt.Errorf("vault: read %s: %w: restore it from its own backup; without it no box can be released", keyName, errors.Unwrap(err))
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("vault: %s has %d bytes, not %d: restore it from its own backup", keyName, len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	clear(key)
	if err != nil {
		return nil, fmt.Errorf("vault: use %s: %w", keyName, err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("vault: use %s: %w", keyName, err)
	}
	return &Vault{wrap: gcm, keys: k}, nil
}

// Derive makes another key of the key file in dir, for what purpose says. Whoever has the one has the other.
func Derive(dir, purpose string) (out [32]byte, err error) {
	key, err := os.ReadFile(filepath.Join(dir, keyName))
	if err != nil {
		return out, fmt.Errorf("vault: read %s: %w: restore it from its own backup", keyName, errors.Unwrap(err))
	}
	defer clear(key)
	if len(key) != keySize {
		return out, fmt.Errorf("vault: %s has %d bytes, not %d: restore it from its own backup", keyName, len(key), keySize)
	}
	raw, err := hkdf.Expand(sha256.New, key, purpose, len(out))
	if err != nil {
		return out, fmt.Errorf("vault: derive a key: %w", err)
	}
	return [32]byte(raw), nil
}

// NewKey makes a key pair for one person, to be stored with their enrolment.
func (v *Vault) NewKey(subject store.ID) (store.VaultKey, error) {
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return store.VaultKey{}, fmt.Errorf("vault: make a key: %w", err)
	}
	raw, err := private.Bytes()
	if err != nil {
		return store.VaultKey{}, fmt.Errorf("vault: make a key: %w", err)
	}
	defer clear(raw)
	return store.VaultKey{
		Subject: subject, Public: private.PublicKey().Bytes(),
		Wrapped: append([]byte{wrapVersion}, v.wrap.Seal(nil, nil, raw, wrapInfo(subject))...),
	}, nil
}

func wrapInfo(subject store.ID) []byte { return append([]byte(wrapDomain), subject[:]...) }

func (v *Vault) unwrap(ctx context.Context, subject store.ID) (hpke.PrivateKey, error) {
	vk, err := v.keys.VaultKey(ctx, subject)
	if err != nil {
		return nil, fmt.Errorf("vault: find a key: %w", err)
	}
	if len(vk.Wrapped) == 0 || vk.Wrapped[0] != wrapVersion {
		return nil, errors.New("vault: a key is wrapped in a form that this version does not know")
	}
	raw, err := v.wrap.Open(nil, nil, vk.Wrapped[1:], wrapInfo(subject))
	if err != nil {
		return nil, fmt.Errorf("vault: unwrap a key: %w: is %s the one that wrapped it?", err, keyName)
	}
	defer clear(raw)
	private, err := hpke.MLKEM768X25519().NewPrivateKey(raw)
	if err != nil {
		return nil, fmt.Errorf("vault: read a key: %w", err)
	}
	return private, nil
}

// Fits tells whether the key file is the one that wrapped a person's key pair. With another one, nobody's boxes could be released, and the keys
// of people who enrol would be lost as soon as the right one is back.
func (v *Vault) Fits(ctx context.Context, subject store.ID) error {
	if _, err := v.unwrap(ctx, subject); err != nil {
		return fmt.Errorf("%w: restore %s from its own backup", err, keyName)
	}
	return nil
}

// Release opens the collector's half of the box's key and seals it to a custodian whom the box names, bound to the export.
func (v *Vault) Release(ctx context.Context, b envelope.Box, export store.ID, recipient []byte) ([]byte, error) {
	pub, err := hpke.MLKEM768X25519().NewPublicKey(recipient)
	if err != nil {
		return nil, fmt.Errorf("vault: read the custodian's key: %w", err)
	}
	if !names(b, envelope.KeyHash(pub)) {
		return nil, ErrNotNamed
	}
	h := b.Header()
	private, err := v.unwrap(ctx, h.Subject)
	if err != nil {
		return nil, err
	}
	half, err := envelope.UnwrapHalf(b, envelope.Vault, private)
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	defer clear(half)
	sealed, err := hpke.Seal(pub, hpke.HKDFSHA256(), hpke.AES256GCM(), HalfInfo(export, h.Batch), half)
	if err != nil {
		return nil, fmt.Errorf("vault: seal to the custodian: %w", err)
	}
	return sealed, nil
}

// HalfInfo is what a released half is bound to.
func HalfInfo(export, batch store.ID) []byte {
	return append(append([]byte(halfDomain), export[:]...), batch[:]...)
}

func names(b envelope.Box, key [32]byte) bool {
	for _, c := range b.Capsules() {
		if c.Role == envelope.Custodian && c.Key == key {
			return true
		}
	}
	return false
}
