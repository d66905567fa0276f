package open

import (
	"crypto/ed25519"
	"errors"

	"github.com/byleave/byleave/proto/envelope"
)

// What a reader expects and a box does not meet. The box itself may be sound.
var (
	// ErrPurpose: sealed for another purpose than the reader's.
	ErrPurpose = errors.New("box was sealed for another purpose")
	// ErrPolicy: sealed under another policy.
	ErrPolicy = errors.New("box was sealed under another policy")
	// ErrConsent: sealed under another consent.
	ErrConsent = errors.New("box was sealed under another consent")
)

// Check is something that must hold before a box is opened.
type Check func(envelope.Box) error

// ForPurpose demands that the box was sealed for exactly this purpose id.
func ForPurpose(id string) Check {
	return func(b envelope.Box) error { return unless(b.Header().Purpose == id, ErrPurpose) }
}

// UnderPolicy demands that the box was sealed under the policy with this SHA-256.
func UnderPolicy(sha256 [32]byte) Check {
	return func(b envelope.Box) error { return unless(b.Header().Policy == sha256, ErrPolicy) }
}

// UnderConsent demands that the box was sealed under this consent.
func UnderConsent(id envelope.ID) Check {
	return func(b envelope.Box) error { return unless(b.Header().Consent == id, ErrConsent) }
}

// SignedBy demands the signature of this device; without it only the seal is checked, not who made it.
func SignedBy(device ed25519.PublicKey) Check {
	return func(b envelope.Box) error { return b.Verify(device) }
}

func runChecks(b envelope.Box, checks []Check) error {
	for _, check := range checks {
		if err := check(b); err != nil {
			return err
		}
	}
	return nil
}

func unless(ok bool, err error) error {
	if ok {
		return nil
	}
	return err
}
