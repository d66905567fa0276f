package keystore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hpke"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	seedSize      = 32
	minPassphrase = 8
	iterations    = 600_000    // OWASP's figure for PBKDF2-HMAC-SHA256; about 0.2 s here
	maxIterations = 20_000_000 // a damaged file must not hang the agent
	kdfName       = "pbkdf2-hmac-sha256"
)

// ErrPassphrase means that the passphrase does not open the person's key.
var ErrPassphrase = errors.New("the passphrase is not the one of this key; try again, or use the recovery code")

// ErrWeak means that a passphrase is too short to protect anything.
var ErrWeak = fmt.Errorf("the passphrase is too short; use at least %d characters, better four words", minPassphrase)

// sealedJSON is the person's seed under a passphrase.
type sealedJSON struct {
	KDF        string `json:"kdf"`
	Iterations int    `json:"iterations"`
	Salt       []byte `json:"salt"`
	Nonce      []byte `json:"nonce"`
	Sealed     []byte `json:"sealed"`
	Public     []byte `json:"public"` // bound as additional data
}

// NewPersonKey makes the key that lets a person, and nobody else, open all that their devices sealed. It returns the public
// key, the seed sealed under the passphrase (for SaveEnrolment), and the recovery code, which is the seed itself: show it
// once, store it nowhere.
func NewPersonKey(passphrase []byte) (pub, sealed []byte, recovery string, err error) {
	if len(passphrase) < minPassphrase {
		return nil, nil, "", ErrWeak
	}
	seed := make([]byte, seedSize)
	rand.Read(seed) // never fails: crypto/rand ends the process instead
	defer clear(seed)
	pub, sealed, err = sealPerson(seed, passphrase)
	if err != nil {
		return nil, nil, "", err
	}
	return pub, sealed, encodeRecovery(seed), nil
}

// UnlockPerson returns the person's private key. It says ErrPassphrase if the passphrase is another.
func (s *Store) UnlockPerson(passphrase []byte) (hpke.PrivateKey, error) {
	seed, err := s.seed(passphrase)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	return personKey(seed)
}

// seed is what the person's key is made of. Whoever asks for it clears it.
func (s *Store) seed(passphrase []byte) ([]byte, error) {
	b, err := s.read(personFile)
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, ErrNotEnrolled
	}
	return openSeed(b, passphrase)
}

// RecoverPerson returns the person's private key from the recovery code. It says ErrCode if the code has a typing mistake,
// and which group, or if it belongs to another key than this device's.
func (s *Store) RecoverPerson(code string) (hpke.PrivateKey, error) {
	seed, err := decodeRecovery(code)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	key, err := personKey(seed)
	if err != nil {
		return nil, err
	}
	id, err := s.Identity()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(key.PublicKey().Bytes(), id.PersonKey.Bytes()) {
		return nil, fmt.Errorf("%w: it is well-formed, but belongs to another key", ErrCode)
	}
	return key, nil
}

func personKey(seed []byte) (hpke.PrivateKey, error) {
	key, err := hpke.MLKEM768X25519().NewPrivateKey(seed)
	if err != nil {
		return nil, errors.New("derive the person's key") // the cause could quote the seed
	}
	return key, nil
}

func sealSeed(seed, passphrase, pub []byte) ([]byte, error) {
	j := sealedJSON{KDF: kdfName, Iterations: iterations, Salt: make([]byte, 32), Nonce: make([]byte, 12), Public: pub}
	rand.Read(j.Salt)
	rand.Read(j.Nonce)
	aead, err := passphraseAEAD(passphrase, j.Salt, j.Iterations)
	if err != nil {
		return nil, err
	}
	j.Sealed = aead.Seal(nil, j.Nonce, seed, sealContext(j))
	return json.MarshalIndent(j, "", "  ")
}

func parseSealed(b []byte) (sealedJSON, error) {
	var j sealedJSON
	err := json.Unmarshal(b, &j)
	if err != nil || j.KDF != kdfName || j.Iterations < iterations || j.Iterations > maxIterations || len(j.Salt) != 32 || len(j.Nonce) != 12 {
		return j, fmt.Errorf("the person's sealed key: %w; use the recovery code", ErrDamaged)
	}
	return j, nil
}

func openSeed(b, passphrase []byte) ([]byte, error) {
	j, err := parseSealed(b)
	if err != nil {
		return nil, err
	}
	aead, err := passphraseAEAD(passphrase, j.Salt, j.Iterations)
	if err != nil {
		return nil, err
	}
	seed, err := aead.Open(nil, j.Nonce, j.Sealed, sealContext(j))
	if err != nil || len(seed) != seedSize {
		return nil, ErrPassphrase
	}
	return seed, nil
}

// sealContext binds the seed to its public key, so that no other person's sealed seed can be put in its place unseen.
func sealContext(j sealedJSON) []byte {
	digest := sha256.Sum256(j.Public)
	return append([]byte("byleave person key v1\x00"), digest[:]...)
}

func passphraseAEAD(passphrase, salt []byte, rounds int) (cipher.AEAD, error) {
	key, err := pbkdf2.Key(sha256.New, string(passphrase), salt, rounds, 32)
	if err != nil {
		return nil, fmt.Errorf("derive a key from the passphrase: %w", err)
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("prepare the cipher: %w", err)
	}
	return cipher.NewGCM(block)
}
