package open

import (
	"crypto/hpke"
	"errors"
	"fmt"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/internal/lock"
	"github.com/byleave/byleave/proto/pb"
)

// ErrPayload says that a box opened, and holds no payload that this program accepts: another schema, an unknown field, a frame
// whose hash does not fit, bytes where padding should be.
var ErrPayload = errors.New("payload is not acceptable")

// ByPerson opens a box with the person's own key. The errors are those of envelope, ErrPayload, and those of the checks, which
// run first: a box that fails one is not opened.
func ByPerson(b envelope.Box, key hpke.PrivateKey, checks ...Check) (*pb.Payload, error) {
	if err := runChecks(b, checks); err != nil {
		return nil, err
	}
	both, err := envelope.UnwrapHalf(b, envelope.Person, key)
	if err != nil {
		return nil, err
	}
	defer clear(both)
	return decrypt(b, both[:envelope.HalfSize], both[envelope.HalfSize:])
}

// ByHalves opens a box with the keys of all its custodians, in any order, and the half that the vault released. A missing
// custodian is envelope.ErrNotAddressed, a half of another box is envelope.ErrForged.
func ByHalves(b envelope.Box, custodians []hpke.PrivateKey, vaultHalf []byte, checks ...Check) (*pb.Payload, error) {
	if err := runChecks(b, checks); err != nil {
		return nil, err
	}
	if len(vaultHalf) != envelope.HalfSize {
		return nil, fmt.Errorf("%w: the vault's half has %d bytes, not %d", envelope.ErrForged, len(vaultHalf), envelope.HalfSize)
	}
	shares, err := shares(b, custodians)
	if err != nil {
		return nil, err
	}
	a := lock.Join(shares)
	defer clear(a)
	return decrypt(b, a, vaultHalf)
}

// shares opens every custodian's capsule of the box.
func shares(b envelope.Box, custodians []hpke.PrivateKey) ([][]byte, error) {
	keys := make(map[[32]byte]hpke.PrivateKey, len(custodians))
	for _, k := range custodians {
		keys[envelope.KeyHash(k.PublicKey())] = k
	}
	var out [][]byte
	for _, c := range b.Capsules() {
		if c.Role != envelope.Custodian {
			continue
		}
		key, ok := keys[c.Key]
		if !ok {
			return nil, fmt.Errorf("%w: one of its custodians is missing", envelope.ErrNotAddressed)
		}
		share, err := envelope.UnwrapHalf(b, envelope.Custodian, key)
		if err != nil {
			return nil, err
		}
		out = append(out, share)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: it is empty", envelope.ErrNotAddressed)
	}
	return out, nil
}

func decrypt(b envelope.Box, halfA, halfB []byte) (*pb.Payload, error) {
	key, err := lock.Key(halfA, halfB, envelope.Info(b.Header(), 0))
	if err != nil {
		return nil, fmt.Errorf("derive the payload's key: %w", err)
	}
	defer clear(key)
	_, _, sealed := b.Parts()
	padded, err := lock.Open(key, sealed)
	if err != nil {
		return nil, fmt.Errorf("open the payload: %w", envelope.ErrForged)
	}
	compressed, err := unpad(padded)
	if err != nil {
		return nil, err
	}
	plain, err := inflate(compressed)
	if err != nil {
		return nil, err
	}
	return parse(plain)
}
