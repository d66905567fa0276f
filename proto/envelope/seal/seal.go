package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/internal/dictionary"
	"github.com/byleave/byleave/proto/envelope/internal/lock"
)

// MaxCompressed is how long a payload may be once compressed: the largest bucket less its length prefix.
const MaxCompressed = envelope.MinPadded<<envelope.MaxBucket - 4

// ErrParams says that a box cannot be sealed for these recipients; more never comes of trying again.
var ErrParams = errors.New("cannot seal for these recipients")

// Params is everything of a box but its payload. The batch id and all keys are drawn from the system's random source by Seal.
type Params struct {
	Subject, Device, Consent envelope.ID
	Policy                   [32]byte
	Purpose                  string
	Sequence                 uint64
	Previous                 [32]byte
	Custodians               []hpke.PublicKey // all of them are needed together
	Vault, Person            hpke.PublicKey
	Sign                     ed25519.PrivateKey
}

// Seal makes a box of payload, the bytes of a pb.Payload. envelope.ErrTooLarge if it does not fit into the largest bucket,
// ErrParams if the recipients are not acceptable.
func Seal(p Params, payload []byte) (envelope.Box, error) {
	box, _, err := Counted(p, payload)
	return box, err
}

// Counted is Seal, and tells how many bytes the payload had after compression; the padded box no longer shows it.
func Counted(p Params, payload []byte) (box envelope.Box, compressed int, err error) {
	if err := p.Check(); err != nil {
		return envelope.Box{}, 0, err
	}
	padded, compressed, err := pack(payload)
	if err != nil {
		return envelope.Box{}, 0, err
	}
	h := p.header()
	a, b := random(), random()
	defer clear(a)
	defer clear(b)
	key, err := lock.Key(a, b, envelope.Info(h, 0))
	if err != nil {
		return envelope.Box{}, 0, fmt.Errorf("derive the payload's key: %w", err)
	}
	defer clear(key)
	sealed, err := lock.Seal(key, padded)
	if err != nil {
		return envelope.Box{}, 0, fmt.Errorf("encrypt the payload: %w", err)
	}
	caps, err := p.capsules(h, a, b)
	if err != nil {
		return envelope.Box{}, 0, err
	}
	box, err = envelope.Assemble(lock.New(), h, caps, sealed, p.Sign)
	return box, compressed, err
}

// Check tells whether boxes can be sealed with p: 1 to 64 custodians, a vault and a person, all different keys of the one
// permitted kind, a purpose, a signing key.
func (p Params) Check() error {
	if n := len(p.Custodians); n == 0 || n > envelope.MaxCustodians {
		return fmt.Errorf("%w: %d custodians, need 1 to %d", ErrParams, n, envelope.MaxCustodians)
	}
	if !envelope.ValidPurpose(p.Purpose) {
		return fmt.Errorf("%w: the purpose is not [a-z0-9-]{1,%d}", ErrParams, envelope.MaxPurpose)
	}
	if len(p.Sign) != ed25519.PrivateKeySize {
		return fmt.Errorf("%w: the device has no signing key", ErrParams)
	}
	seen := map[[32]byte]bool{}
	for _, k := range append(slices.Clone(p.Custodians), p.Vault, p.Person) {
		if k == nil || k.KEM().ID() != hpke.MLKEM768X25519().ID() {
			return fmt.Errorf("%w: a key is missing or is not of the kind MLKEM768X25519", ErrParams)
		}
		h := envelope.KeyHash(k)
		if seen[h] {
			return fmt.Errorf("%w: one key has two roles, so its holder could open alone", ErrParams)
		}
		seen[h] = true
	}
	return nil
}

func (p Params) header() envelope.Header {
	return envelope.Header{
		Version: envelope.Version, Batch: envelope.ID(random()[:16]),
		Subject: p.Subject, Device: p.Device, Consent: p.Consent,
		Policy: p.Policy, Purpose: p.Purpose, Sequence: p.Sequence, Previous: p.Previous,
	}
}

// encoders keeps an encoder for the next box, if that follows soon: its tables take 4 MB, which between two boxes of an agent are better free.
var encoders sync.Pool

// encoder works without a goroutine.
func encoder() (*zstd.Encoder, error) {
	if enc, ok := encoders.Get().(*zstd.Encoder); ok {
		return enc, nil
	}
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
		zstd.WithWindowSize(512<<10), zstd.WithLowerEncoderMem(true), zstd.WithEncoderDict(dictionary.Newest()))
}

// pack compresses, prefixes the length and pads with zeros to the smallest bucket that fits.
func pack(payload []byte) (padded []byte, compressed int, err error) {
	enc, err := encoder()
	if err != nil {
		return nil, 0, fmt.Errorf("start the compressor: %w", err)
	}
	defer encoders.Put(enc)
	padded = enc.EncodeAll(payload, make([]byte, 4, envelope.MinPadded))
	compressed = len(padded) - 4
	if compressed > MaxCompressed {
		return nil, 0, fmt.Errorf("%w: %d bytes compressed, at most %d", envelope.ErrTooLarge, compressed, MaxCompressed)
	}
	binary.BigEndian.PutUint32(padded, uint32(compressed))
	size := envelope.MinPadded
	for size < len(padded) {
		size *= 2
	}
	return append(padded, make([]byte, size-len(padded))...), compressed, nil
}

// capsules seals a share of a to each custodian, b to the vault, and both to the person.
func (p Params) capsules(h envelope.Header, a, b []byte) ([]envelope.Capsule, error) {
	shares := split(a, len(p.Custodians))
	caps := make([]envelope.Capsule, 0, len(p.Custodians)+2)
	add := func(role envelope.Role, to hpke.PublicKey, secret []byte) error {
		sealed, err := hpke.Seal(to, lock.KDF(), lock.AEAD(), envelope.Info(h, role), secret)
		clear(secret)
		if err != nil {
			return fmt.Errorf("%w: seal to the %s: %w", ErrParams, role, err)
		}
		caps = append(caps, envelope.Capsule{Role: role, Key: envelope.KeyHash(to), Sealed: sealed})
		return nil
	}
	for i, to := range p.Custodians {
		if err := add(envelope.Custodian, to, shares[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(caps, func(x, y envelope.Capsule) int { return bytes.Compare(x.Key[:], y.Key[:]) })
	if err := add(envelope.Vault, p.Vault, slices.Clone(b)); err != nil {
		return nil, err
	}
	if err := add(envelope.Person, p.Person, slices.Concat(a, b)); err != nil {
		return nil, err
	}
	return caps, nil
}

// split makes n shares whose exclusive or is a; any n-1 of them tell nothing.
func split(a []byte, n int) [][]byte {
	shares := make([][]byte, n)
	last := slices.Clone(a)
	for i := range n - 1 {
		shares[i] = random()
		last = lock.Join([][]byte{last, shares[i]})
	}
	shares[n-1] = last
	return shares
}

func random() []byte {
	b := make([]byte, envelope.HalfSize)
	rand.Read(b) // never fails: it ends the program rather than giving weak bytes
	return b
}
