package envelope

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/byleave/byleave/proto/envelope/internal/lock"
)

// Box is a sealed batch. Only Parse makes one, so whoever holds a Box holds well-formed bytes whose hashes fit; that the device
// signed them is said by Verify alone. The zero Box is empty.
type Box struct {
	raw  []byte
	head Header
	caps int // length of the capsule section
}

// Parse reads a box. It is strict (one encoding for each box), bounded by MaxSize and keeps raw, which must not change after.
// Errors are ErrTruncated, ErrMalformed, ErrTooLarge and ErrForged (a hash of the header does not fit).
func Parse(raw []byte) (Box, error) {
	if len(raw) > MaxSize {
		return Box{}, fmt.Errorf("%w: over %d bytes", ErrTooLarge, MaxSize)
	}
	if len(raw) <= HeaderSize {
		return Box{}, ErrTruncated
	}
	h, err := decodeHeader(raw)
	if err != nil {
		return Box{}, err
	}
	n := int(raw[HeaderSize])
	if n == 0 || n > MaxCustodians {
		return Box{}, fmt.Errorf("%w: %d custodians", ErrMalformed, n)
	}
	b := Box{raw: raw, head: h, caps: capsulesSize(n)}
	switch want := HeaderSize + b.caps + lock.SealedSize(MinPadded<<h.Bucket); {
	case len(raw) < want:
		return Box{}, ErrTruncated
	case len(raw) > want:
		return Box{}, fmt.Errorf("%w: bytes after its end", ErrMalformed)
	}
	if err := checkCapsules(b.Capsules()); err != nil {
		return Box{}, err
	}
	return b, b.checkHashes()
}

func (b Box) checkHashes() error {
	_, capsules, payload := b.Parts()
	if sha256.Sum256(capsules) != b.head.Capsules || sha256.Sum256(payload) != b.head.Payload {
		return fmt.Errorf("%w: a hash of the header does not fit", ErrForged)
	}
	return nil
}

// Bytes is the whole box, the same bytes that Parse was given. The caller must not change them.
func (b Box) Bytes() []byte { return b.raw }

// Header is the clear header.
func (b Box) Header() Header { return b.head }

// IsZero tells whether b is empty.
func (b Box) IsZero() bool { return b.raw == nil }

// Parts cuts the box into header, capsule section and sealed payload, so that a store can keep the capsules apart; joined in
// this order they are the box again. The caller must not change them.
func (b Box) Parts() (header, capsules, payload []byte) {
	if b.IsZero() {
		return nil, nil, nil
	}
	body := HeaderSize + b.caps
	return b.raw[:HeaderSize:HeaderSize], b.raw[HeaderSize:body:body], b.raw[body:]
}

// Digest is the SHA-256 of the header with its signature: the Previous of the device's next box.
func (b Box) Digest() [32]byte {
	if b.IsZero() {
		return [32]byte{}
	}
	return sha256.Sum256(b.raw[:HeaderSize])
}

// Verify checks the device's signature; through the two hashes it covers every byte of the box. ErrForged if it does not fit.
func (b Box) Verify(device ed25519.PublicKey) error {
	if b.IsZero() || len(device) != ed25519.PublicKeySize || !ed25519.Verify(device, signedMessage(b.raw), b.raw[sizeSigned:HeaderSize]) {
		return fmt.Errorf("%w: the signature is not of this device", ErrForged)
	}
	return nil
}

// Capsules are the parts of the key: at least one custodian's, the vault's, the person's, in this order.
func (b Box) Capsules() []Capsule {
	_, section, _ := b.Parts()
	if section == nil {
		return nil
	}
	return decodeCapsules(section)
}
