package envelope

import (
	"crypto/ed25519"
	"encoding/binary"
	"fmt"
)

const domainTombstone = "byleave/1 tombstone\x00"

// Tombstone stands for a box that its person cut before it left: the number and the two links of the chain, and nothing else.
type Tombstone struct {
	Sequence         uint64
	Previous, Digest [32]byte // of the box that is gone
	Signature        []byte   // of its device
}

// Bury makes the tombstone of a box with the key of its device.
func Bury(b Box, device ed25519.PrivateKey) Tombstone {
	t := Tombstone{Sequence: b.Header().Sequence, Previous: b.Header().Previous, Digest: b.Digest()}
	t.Signature = ed25519.Sign(device, t.message(b.Header().Device))
	return t
}

// Verify checks that the device said so. ErrForged if it did not.
func (t Tombstone) Verify(device ID, key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, t.message(device), t.Signature) {
		return fmt.Errorf("%w: the tombstone is not of this device", ErrForged)
	}
	return nil
}

func (t Tombstone) message(device ID) []byte {
	b := append([]byte(domainTombstone), device[:]...)
	b = binary.BigEndian.AppendUint64(b, t.Sequence)
	b = append(b, t.Previous[:]...)
	return append(b, t.Digest[:]...)
}
