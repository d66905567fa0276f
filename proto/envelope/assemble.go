package envelope

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/byleave/byleave/proto/envelope/internal/lock"
)

// Assemble puts a box together from parts that are sealed already: it fills in the hashes and the bucket, signs, and checks the
// result as any reader will. Only seal can name a Maker, so only seal can call it with effect.
func Assemble(m lock.Maker, h Header, caps []Capsule, payload []byte, sign ed25519.PrivateKey) (Box, error) {
	if !m.May() {
		panic("envelope: Assemble is for envelope/seal")
	}
	if len(caps) < 3 || len(caps) > MaxCustodians+2 {
		return Box{}, fmt.Errorf("%w: a box has capsules for 1 to %d custodians, the vault and the person", ErrMalformed, MaxCustodians)
	}
	if err := h.check(); err != nil {
		return Box{}, err // before a purpose that is too long is cut to its field
	}
	for h.Bucket = 0; h.Bucket < MaxBucket && lock.SealedSize(MinPadded<<h.Bucket) < len(payload); {
		h.Bucket++
	}
	section := appendCapsules(nil, caps)
	h.Capsules, h.Payload = sha256.Sum256(section), sha256.Sum256(payload)
	raw := make([]byte, 0, HeaderSize+len(section)+len(payload))
	raw = h.appendSigned(raw)
	raw = append(raw, ed25519.Sign(sign, signedMessage(raw))...)
	raw = append(raw, section...)
	return Parse(append(raw, payload...))
}
