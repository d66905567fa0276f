package policy

import (
	"slices"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// DefaultBytesPerDay is the upload budget of a policy that names none.
const DefaultBytesPerDay = 64 << 20

// Policy is what an operator asks for, with a signature that was verified and fields that were checked. Only Parse makes
// one with content. It never changes. The zero Policy allows nothing.
type Policy struct {
	message *pb.Policy
	signed  []byte
	digest  [32]byte
}

// IsZero tells whether p holds no policy.
func (p Policy) IsZero() bool { return p.message == nil }

// Digest is the SHA-256 of the policy's bytes: what a consent pins and what every box names. Zero for the zero Policy.
func (p Policy) Digest() [32]byte { return p.digest }

// Version rises with every policy of one controller; 0 for the zero Policy.
func (p Policy) Version() uint64 { return p.message.GetVersion() }

// PurposeID is the word that is bound into every box.
func (p Policy) PurposeID() string { return p.message.GetPurpose().GetId() }

// Expires is when the policy ends: nothing is captured from that second on.
func (p Policy) Expires() time.Time { return time.Unix(p.message.GetExpiresAt(), 0) }

// Signed is a copy of the exact bytes that Parse took.
func (p Policy) Signed() []byte { return slices.Clone(p.signed) }

// Message is a copy of what the policy says, nil for the zero Policy.
func (p Policy) Message() *pb.Policy {
	if p.message == nil {
		return nil
	}
	return proto.CloneOf(p.message)
}

// Offered is the set of classes that the policy may ask for at all.
func (p Policy) Offered() Classes { return classesOf(p.message.GetClasses()) }

// BytesPerDay is the upload budget in bytes; a policy that names none has DefaultBytesPerDay.
func (p Policy) BytesPerDay() uint64 { return bytesPerDay(p.message) }

func bytesPerDay(m *pb.Policy) uint64 {
	if n := m.GetBudgets().GetBytesPerDay(); n != 0 {
		return n
	}
	return DefaultBytesPerDay
}

// Newer tells whether next may follow cur at all: the version rises, it has not expired at now, and it is of the same
// controller. A zero cur is followed by any policy that has not expired. It says nothing about how wide next is:
// see Narrower.
func Newer(next, cur Policy, now time.Time) error {
	switch {
	case next.IsZero():
		return ErrInvalid{"policy", "the policy", "is missing; fetch it from the operator"}
	case !now.Before(next.Expires()):
		return refuse(ErrExpired, "policy: version %d ended at %s; ask the operator for a newer one",
			next.Version(), next.Expires().UTC().Format(time.RFC3339))
	case cur.IsZero():
		return nil
	case next.message.GetController().GetName() != cur.message.GetController().GetName():
		return refuse(ErrController, "policy: version %d is of another controller than version %d; "+
			"enrol anew if the person wants to work with that controller", next.Version(), cur.Version())
	case next.Version() <= cur.Version():
		return refuse(ErrOlder, "policy: version %d is older than or the same as version %d that this device has; "+
			"sign it again with a version above %d", next.Version(), cur.Version(), cur.Version())
	}
	return nil
}
