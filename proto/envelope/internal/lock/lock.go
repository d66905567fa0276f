package lock

import (
	"crypto/hkdf"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/subtle"
)

// Maker shows that its holder is envelope/seal: no other package can name New. The zero Maker may nothing.
type Maker struct{ may bool }

// New makes a Maker that may.
func New() Maker { return Maker{may: true} }

// May tells whether the holder may put a box together.
func (m Maker) May() bool { return m.may }

// KDF is the key derivation of every capsule.
func KDF() hpke.KDF { return hpke.HKDFSHA256() }

// AEAD is the cipher of every capsule.
func AEAD() hpke.AEAD { return hpke.AES256GCM() }

// Key derives the payload's key from both halves, bound to info.
func Key(a, b, info []byte) ([]byte, error) {
	both := append(append(make([]byte, 0, len(a)+len(b)), a...), b...)
	defer clear(both)
	return hkdf.Key(sha256.New, both, nil, string(info), 32)
}

// Join puts the custodians' shares together into the half a. All have the same length.
func Join(shares [][]byte) []byte {
	a := make([]byte, len(shares[0]))
	for _, s := range shares {
		subtle.XORBytes(a, a, s)
	}
	return a
}
