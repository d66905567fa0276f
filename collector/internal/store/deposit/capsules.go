package deposit

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
)

// Capsules lie under a random shred key per box, as proto/SPEC.md section 4 says; the shred key lies under the person's epoch key.

const shredDomain = "byleave shred key v1\x00"

// Epoch is one epoch key of a person. Numbers rise by one; the zero Epoch is none.
type Epoch struct {
	Number int64
	Key    [32]byte
}

// SealedMore is by how much sealed capsules are longer: a nonce and a tag.
const SealedMore = 12 + 16

// Seal appends the capsules of a box, under a fresh shred key, to room. Its user wraps and clears the key.
func Seal(room []byte, digest [32]byte, capsules []byte) (sealed, key []byte, err error) {
	key = make([]byte, 32)
	rand.Read(key) // never fails: it ends the program rather than giving weak bytes
	a, err := AEAD(key)
	if err != nil {
		return nil, nil, err
	}
	return a.Seal(room, nil, capsules, digest[:]), key, nil
}

// Wrapper is an epoch key that wraps shred keys.
type Wrapper struct {
	Epoch
	aead cipher.AEAD
}

// NewWrapper prepares it.
func NewWrapper(k Epoch) (Wrapper, error) {
	a, err := AEAD(k.Key[:])
	return Wrapper{k, a}, err
}

// Shred wraps a shred key.
func (w Wrapper) Shred(batch store.ID, key []byte) []byte {
	return w.aead.Seal(nil, nil, key, shredInfo(w.Epoch, batch))
}

// SealCapsules appends the capsules of a box, under a fresh shred key, to room, and returns that key wrapped.
func (w Wrapper) SealCapsules(room []byte, batch store.ID, digest [32]byte, capsules []byte) (sealed, shred []byte, err error) {
	sealed, key, err := Seal(room, digest, capsules)
	if err != nil {
		return nil, nil, err
	}
	defer clear(key)
	return sealed, w.Shred(batch, key), nil
}

// OpenCapsules is the inverse. ErrDamaged if key, box or bytes are others.
func OpenCapsules(k Epoch, r store.Record, sealed, shred []byte) ([]byte, error) {
	key, err := OpenShred(k, r.Batch, shred)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	a, err := AEAD(key)
	if err != nil {
		return nil, err
	}
	capsules, err := a.Open(nil, nil, sealed, r.Digest[:])
	if err != nil {
		return nil, store.ErrDamaged
	}
	return capsules, nil
}

// OpenShred unwraps a shred key, which its user clears. ErrDamaged if key or box are others.
func OpenShred(k Epoch, batch store.ID, shred []byte) ([]byte, error) {
	w, err := AEAD(k.Key[:])
	if err != nil {
		return nil, err
	}
	key, err := w.Open(nil, nil, shred, shredInfo(k, batch))
	if err != nil {
		return nil, store.ErrDamaged
	}
	return key, nil
}

func shredInfo(k Epoch, batch store.ID) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(shredDomain), batch[:]...), uint64(k.Number))
}

// Move wraps shred keys anew, from one epoch key to another.
type Move struct {
	from, to   Epoch
	open, seal cipher.AEAD
}

// NewMove prepares it.
func NewMove(from, to Epoch) (m Move, err error) {
	m = Move{from: from, to: to}
	if m.open, err = AEAD(from.Key[:]); err == nil {
		m.seal, err = AEAD(to.Key[:])
	}
	return m, err
}

// Shred wraps one anew. ok is false if it was damaged before: it opens for nobody, then or now.
func (m Move) Shred(batch store.ID, shred []byte) (moved []byte, ok bool) {
	key, err := m.open.Open(nil, nil, shred, shredInfo(m.from, batch))
	if err != nil {
		return nil, false
	}
	defer clear(key)
	return m.seal.Seal(nil, nil, key, shredInfo(m.to, batch)), true
}

// AEAD is AES-256-GCM under a key, with a random nonce before each ciphertext.
func AEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("store: use a key: %w", err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("store: use a key: %w", err)
	}
	return a, nil
}
