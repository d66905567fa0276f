package spool

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// Why a box cannot be replaced.
var (
	// ErrMoved: the chain has grown since the new box was sealed. Seal it again.
	ErrMoved = errors.New("something was recorded meanwhile")
	// ErrOther: the new box is not one that may stand in for the old one.
	ErrOther = errors.New("only a box of the same device, consent, policy, purpose and recipients can stand in for another")
)

// Replacement is a new box for the place of an old one. It holds nothing in the clear but the two links of the chain.
type Replacement struct {
	Old       envelope.ID `json:"old"`
	Box       []byte      `json:"box"`
	Tombstone []byte      `json:"tombstone"`
}

// Reseal seals what is left of old as the next box of its chain, with the tombstone of the old one in it. It needs no folder, and so
// runs where the person's key is open; Replace takes the result over. k must be what old was sealed with.
func Reseal(k Keys, old envelope.Box, end End, left redact.Narrowed) (Replacement, error) {
	h := old.Header()
	if left.IsEmpty() {
		return Replacement{}, ErrEmpty
	}
	if end.Device != h.Device || end.Sequence < h.Sequence {
		return Replacement{}, fmt.Errorf("%w: this box is of an earlier enrolment", ErrOther)
	}
	t := envelope.Bury(old, k.Sign)
	p := proto.CloneOf(left.Payload())
	p.InsteadOf = append(p.InsteadOf, &pb.Tombstone{Sequence: t.Sequence, Previous: t.Previous[:], Digest: t.Digest[:], Signature: t.Signature})
	packed, err := payload.Pack(p)
	if err != nil {
		return Replacement{}, fmt.Errorf("encode what is left of a box: %w", err)
	}
	box, err := seal.Seal(params(&k, link{end.Device, end.Sequence, end.Digest}), packed)
	if err != nil {
		return Replacement{}, fmt.Errorf("seal what is left of a box: %w", err)
	}
	if err := mayStandFor(old, box, t, k.Sign.Public().(ed25519.PublicKey)); err != nil {
		return Replacement{}, err
	}
	return Replacement{Old: h.Batch, Box: box.Bytes(), Tombstone: encodeTombstone(t)}, nil
}

// mayStandFor holds a new box against the old one: the same in all that its header and its capsules say, but for its place.
func mayStandFor(old, box envelope.Box, t envelope.Tombstone, device ed25519.PublicKey) error {
	a, b := old.Header(), box.Header()
	same := a.Subject == b.Subject && a.Device == b.Device && a.Consent == b.Consent && a.Policy == b.Policy && a.Purpose == b.Purpose &&
		slices.EqualFunc(old.Capsules(), box.Capsules(), func(x, y envelope.Capsule) bool { return x.Role == y.Role && x.Key == y.Key })
	if !same || b.Sequence <= a.Sequence || t.Sequence != a.Sequence || t.Previous != a.Previous || t.Digest != old.Digest() {
		return ErrOther
	}
	return errors.Join(box.Verify(device), t.Verify(a.Device, device))
}
