package policy

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The largest signed messages that are read at all, in bytes.
const (
	MaxPolicy  = 256 << 10
	MaxConsent = 256 << 10
	MaxStub    = 4 << 10
)

// kind is one of the three messages that are signed. Its domain keeps a signature of one from passing as another's.
type kind struct {
	room   string // begins every sentence
	domain string
	max    int
	signer string // whose key it must be
}

var (
	policyKind = kind{"policy", "byleave policy v1\x00", MaxPolicy,
		"the policy key that this device pinned at enrolment; ask the operator for the policy signed with that key"}
	consentKind = kind{"consent", "byleave consent v1\x00", MaxConsent,
		"this device's key; it was altered or given on another device: give consent again here"}
	stubKind = kind{"stub", "byleave consent stub v1\x00", MaxStub,
		"the key of the device that sent it; send it again from the device that holds the consent"}
)

// Sign checks a policy's bytes as Parse would and signs them as they are. The result is what Parse takes.
func Sign(body []byte, key ed25519.PrivateKey) ([]byte, error) {
	if _, err := readPolicy(body); err != nil {
		return nil, err
	}
	return policyKind.sign(body, key)
}

// Parse verifies and reads a signed policy. It refuses, each with its own sentence: more than MaxPolicy bytes (ErrSize), a
// signature that is not key's (ErrSignature), bytes that do not decode to exactly one reading (ErrEncoding), a field that
// this program does not know anywhere in it (ErrUnknownField), a field with a value that makes no sense (ErrInvalid).
// It does not look at the time: see Newer.
func Parse(signed []byte, key ed25519.PublicKey) (Policy, error) {
	body, err := policyKind.open(signed, key)
	if err != nil {
		return Policy{}, err
	}
	m, err := readPolicy(body)
	if err != nil {
		return Policy{}, err
	}
	return Policy{message: m, signed: append([]byte(nil), signed...), digest: sha256.Sum256(body)}, nil
}

func readPolicy(body []byte) (*pb.Policy, error) {
	m := new(pb.Policy)
	if err := policyKind.decode(body, m); err != nil {
		return nil, err
	}
	return m, checkPolicy(m)
}

// sign puts body and a signature over the domain and body into a pb.Signed.
func (k kind) sign(body []byte, key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, ErrInvalid{k.room, "the signing key", fmt.Sprintf("has %d bytes; an Ed25519 private key has %d",
			len(key), ed25519.PrivateKeySize)}
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Signed{
		Body:      body,
		Signature: ed25519.Sign(key, k.message(body)),
	})
}

// open verifies the signature and returns the signed bytes. Nothing of them was decoded before that.
func (k kind) open(signed []byte, key ed25519.PublicKey) ([]byte, error) {
	if len(key) != ed25519.PublicKeySize {
		return nil, ErrInvalid{k.room, "the verifying key", fmt.Sprintf("has %d bytes; an Ed25519 public key has %d",
			len(key), ed25519.PublicKeySize)}
	}
	env := new(pb.Signed)
	if err := k.decode(signed, env); err != nil {
		return nil, err
	}
	if !ed25519.Verify(key, k.message(env.GetBody()), env.GetSignature()) {
		return nil, refuse(ErrSignature, "%s: wrong signature: these bytes were not signed with %s", k.room, k.signer)
	}
	return env.GetBody(), nil
}

func (k kind) message(body []byte) []byte { return append([]byte(k.domain), body...) }

// decode reads bytes that allow exactly one reading. A field that stands twice, or a number written longer than needed,
// would let two programs read two things out of the same signed bytes; it shows in the length.
func (k kind) decode(b []byte, m proto.Message) error {
	switch {
	case len(b) == 0:
		return refuse(ErrSize, "%s: there are no bytes; fetch the file again", k.room)
	case len(b) > k.max+1024: // the envelope of a body of the largest size fits
		return refuse(ErrSize, "%s: %d bytes are too many; at most %d are read", k.room, len(b), k.max)
	}
	if err := proto.Unmarshal(b, m); err != nil {
		return refuse(ErrEncoding, "%s: the bytes are damaged or not a %s; fetch the file again", k.room, m.ProtoReflect().Descriptor().Name())
	}
	if err := k.refuseUnknown(m.ProtoReflect(), "the "+k.room); err != nil {
		return err
	}
	if proto.Size(m) != len(b) {
		return refuse(ErrEncoding, "%s: a field stands twice or is written in an unusual way; make the bytes with `byleave-collector policy sign`", k.room)
	}
	return nil
}

// refuseUnknown walks m and everything in it for fields that this program does not know.
func (k kind) refuseUnknown(m protoreflect.Message, where string) error {
	if raw := m.GetUnknown(); len(raw) > 0 {
		num, _, _ := protowire.ConsumeTag(raw)
		return refuse(ErrUnknownField, "%s: unknown field %d in %s; it may ask for something that this version "+
			"cannot show to the person: update byleave, or sign again without the field", k.room, num, where)
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Message() == nil || !m.Has(fd) {
			continue
		}
		if !fd.IsList() {
			if err := k.refuseUnknown(m.Get(fd).Message(), string(fd.Name())); err != nil {
				return err
			}
			continue
		}
		list := m.Get(fd).List()
		for j := range list.Len() {
			where := fmt.Sprintf("%s %d", strings.TrimSuffix(string(fd.Name()), "s"), j+1)
			if err := k.refuseUnknown(list.Get(j).Message(), where); err != nil {
				return err
			}
		}
	}
	return nil
}
