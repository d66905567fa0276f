package policy

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// SignStub writes and signs what the collector may learn of c: that it exists, for which policy and purpose, until when,
// and a commitment that tells nothing without c itself. With withdrawn set it is the withdrawal.
func SignStub(c Consent, withdrawn bool, key ed25519.PrivateKey) ([]byte, error) {
	if c.IsZero() {
		return nil, ErrInvalid{"stub", "the consent", "is missing; run `byleave consent give`"}
	}
	commitment := c.commitment()
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.ConsentStub{
		Id:           c.message.GetId(),
		PolicySha256: c.message.GetPolicySha256(),
		PurposeId:    c.message.GetPurposeId(),
		ExpiresAt:    c.message.GetExpiresAt(),
		Commitment:   commitment[:],
		Withdrawn:    withdrawn,
	})
	if err != nil {
		return nil, fmt.Errorf("stub: encoding: %w", err)
	}
	return stubKind.sign(body, key)
}

// SignWithdrawal turns the stub of a consent that was given into its withdrawal. The stub is enough, so that a consent which a
// newer one replaced can be ended, too. word is what the person's other devices know it by; nil: none.
func SignWithdrawal(given, word []byte, key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return stubKind.sign(nil, key) // says what is wrong with the key
	}
	m, err := ParseStub(given, key.Public().(ed25519.PublicKey))
	if err != nil {
		return nil, err
	}
	m.Withdrawn, m.Word = true, word
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("stub: encoding: %w", err)
	}
	return stubKind.sign(body, key)
}

// ParseStub verifies and reads a stub. It refuses a wrong signature (ErrSignature), an unknown field (ErrUnknownField) and
// a field that makes no sense (ErrInvalid).
func ParseStub(signed []byte, device ed25519.PublicKey) (*pb.ConsentStub, error) {
	body, err := stubKind.open(signed, device)
	if err != nil {
		return nil, err
	}
	m := new(pb.ConsentStub)
	if err := stubKind.decode(body, m); err != nil {
		return nil, err
	}
	again := "; send it again from the device that holds the consent"
	switch {
	case len(m.GetId()) != 16:
		return nil, ErrInvalid{"stub", "id", "is not 16 bytes" + again}
	case len(m.GetPolicySha256()) != sha256.Size:
		return nil, ErrInvalid{"stub", "policy_sha256", "is not 32 bytes" + again}
	case len(m.GetCommitment()) != sha256.Size:
		return nil, ErrInvalid{"stub", "commitment", "is not 32 bytes" + again}
	case !IsID(m.GetPurposeId()):
		return nil, ErrInvalid{"stub", "purpose_id", "is not 1 to 64 of a-z, 0-9 and '-'" + again}
	case m.GetExpiresAt() <= 0 || m.GetExpiresAt() > maxUnix:
		return nil, ErrInvalid{"stub", "expires_at", "is no Unix second" + again}
	case len(m.GetWord()) != 0 && (len(m.GetWord()) != sha256.Size || !m.GetWithdrawn()):
		return nil, ErrInvalid{"stub", "word", "is not 32 bytes of a withdrawal" + again}
	}
	return m, nil
}
