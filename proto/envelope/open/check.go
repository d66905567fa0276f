package open

import (
	"crypto/ed25519"
	"errors"

	"github.com/byleave/byleave/proto/envelope"
)

// ErrPurpose means that a box was sealed for another purpose than the reader's. The box itself may be sound.
var ErrPurpose = errors.New("box was sealed for another purpose")

// Check is something that must hold before a box is opened.
type Check func(envelope.Box) error

// ForPurpose demands that the box was sealed for exactly this purpose id.
func ForPurpose(id string) Check {
	return func(b envelope.Box) error {
		if b.Header().Purpose != id {
			return ErrPurpose
		}
		return nil
	}
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
