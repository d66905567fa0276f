package keystore

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/byleave/byleave/proto/code"
)

const joinDomain = "byleave join v1\x00"

// ErrJoined means that what another device left does not open with the code.
var ErrJoined = errors.New("what your other computer left does not open with this code; make a new one there")

// SealForAnother seals what another device of the person needs under key: the person's seed, which the passphrase opens here, and the
// erasure code, so that both devices have one receipt. No consent is among it.
func (s *Store) SealForAnother(passphrase []byte, key [32]byte) ([]byte, error) {
	seed, err := s.seed(passphrase)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	erase, err := s.ErasureCode()
	if err != nil {
		return nil, err
	}
	a, err := joinAEAD(key)
	if err != nil {
		return nil, err
	}
	both := append(append(make([]byte, 0, 2*seedSize), seed...), erase[:]...)
	defer clear(both)
	return a.Seal(nil, nil, both, []byte(joinDomain)), nil
}

// Joined is what another device of the person left. The zero Joined is nothing.
type Joined struct{ seed, erase []byte }

// OpenFromAnother opens what SealForAnother sealed. Nobody without the key can have made it.
func OpenFromAnother(sealed []byte, key [32]byte) (Joined, error) {
	a, err := joinAEAD(key)
	if err != nil {
		return Joined{}, err
	}
	both, err := a.Open(nil, nil, sealed, []byte(joinDomain))
	if err != nil || len(both) != 2*seedSize {
		return Joined{}, ErrJoined
	}
	return Joined{both[:seedSize], both[seedSize:]}, nil
}

// Person is the person's public key, and their seed sealed under the passphrase of this device.
func (j Joined) Person(passphrase []byte) (pub, sealed []byte, err error) {
	return sealPerson(j.seed, passphrase)
}

// SaveJoined is SaveEnrolment for a device that joined: the erasure code is stored first.
func (s *Store) SaveJoined(id Identity, sealedPerson []byte, j Joined) error {
	s.mu.Lock()
	err := s.write(receiptFile, []byte(code.Encode(receiptFile, j.erase)+"\n"))
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.SaveEnrolment(id, sealedPerson)
}

func joinAEAD(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("prepare the cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// sealPerson makes what SaveEnrolment stores of a seed.
func sealPerson(seed, passphrase []byte) (pub, sealed []byte, err error) {
	if len(passphrase) < minPassphrase {
		return nil, nil, ErrWeak
	}
	key, err := personKey(seed)
	if err != nil {
		return nil, nil, err
	}
	pub = key.PublicKey().Bytes()
	sealed, err = sealSeed(seed, passphrase, pub)
	return pub, sealed, err
}
