package envelope

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"fmt"

	"github.com/byleave/byleave/proto/envelope/internal/lock"
)

// Role says whose capsule it is. The zero Role is nobody's; see Info.
type Role uint8

// The roles, in the order of their capsules.
const (
	Custodian Role = iota + 1 // holds one share of the half a
	Vault                     // holds the half b
	Person                    // holds both
)

func (r Role) String() string {
	switch r {
	case Custodian:
		return "custodian"
	case Vault:
		return "vault"
	case Person:
		return "person"
	}
	return "nobody"
}

// Sizes of what a capsule holds and of its sealed form, in bytes.
const (
	HalfSize    = 32
	sizeEnc     = 1120 // an encapsulation of MLKEM768X25519
	sizeTag     = 16
	sizeKeyHash = sha256.Size
	sizeHalf    = sizeKeyHash + sizeEnc + HalfSize + sizeTag
	sizePerson  = sizeKeyHash + sizeEnc + 2*HalfSize + sizeTag
)

// Capsule is a part of the payload's key, sealed to one recipient.
type Capsule struct {
	Role   Role
	Key    [32]byte // SHA-256 of the recipient's public key
	Sealed []byte   // HPKE: encapsulation and ciphertext. The caller must not change it.
}

// capsulesSize is how long the capsule section with n custodians is.
func capsulesSize(n int) int { return 1 + n*sizeHalf + sizeHalf + sizePerson }

// appendCapsules appends the section: the number of custodians, their capsules, the vault's, the person's.
func appendCapsules(b []byte, caps []Capsule) []byte {
	b = append(b, byte(len(caps)-2))
	for _, c := range caps {
		b = append(b, c.Key[:]...)
		b = append(b, c.Sealed...)
	}
	return b
}

// decodeCapsules reads a section whose length capsulesSize has confirmed.
func decodeCapsules(b []byte) []Capsule {
	n := int(b[0])
	caps := make([]Capsule, 0, n+2)
	b = b[1:]
	for i := range n + 2 {
		role, size := Custodian, sizeHalf
		switch i {
		case n:
			role = Vault
		case n + 1:
			role, size = Person, sizePerson
		}
		caps = append(caps, Capsule{Role: role, Key: [32]byte(b[:sizeKeyHash]), Sealed: b[sizeKeyHash:size:size]})
		b = b[size:]
	}
	return caps
}

// checkCapsules holds the one canonical order, and that no key stands twice: whoever held two roles could open alone.
func checkCapsules(caps []Capsule) error {
	seen := make(map[[32]byte]bool, len(caps))
	for i, c := range caps {
		if seen[c.Key] {
			return fmt.Errorf("%w: two capsules for one key", ErrMalformed)
		}
		seen[c.Key] = true
		if i > 0 && c.Role == Custodian && bytes.Compare(caps[i-1].Key[:], c.Key[:]) > 0 {
			return fmt.Errorf("%w: custodians are not in the order of their keys", ErrMalformed)
		}
	}
	return nil
}

// KeyHash names a recipient's public key in a capsule.
func KeyHash(pub hpke.PublicKey) [32]byte { return sha256.Sum256(pub.Bytes()) }

// UnwrapHalf opens the one capsule of that role that is sealed to key: a custodian's share or the vault's half (32 bytes), or
// both halves for the person (64 bytes). Alone it opens no payload, but for the person's. ErrNotAddressed if there is none,
// ErrForged if the capsule does not belong to this box.
func UnwrapHalf(b Box, role Role, key hpke.PrivateKey) ([]byte, error) {
	want := KeyHash(key.PublicKey())
	for _, c := range b.Capsules() {
		if c.Role != role || c.Key != want {
			continue
		}
		half, err := hpke.Open(key, lock.KDF(), lock.AEAD(), Info(b.head, role), c.Sealed)
		if err != nil {
			return nil, fmt.Errorf("open the capsule of the %s: %w", role, ErrForged)
		}
		return half, nil
	}
	return nil, fmt.Errorf("open the capsule of the %s: %w", role, ErrNotAddressed)
}
