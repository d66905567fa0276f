package envelope

import (
	"encoding/binary"
	"fmt"
)

// Sizes of the layout, in bytes unless said.
const (
	Version       = 1
	HeaderSize    = 331
	MaxSize       = 1 << 20 // no box is longer
	MaxCustodians = 64      // capsules of role Custodian
	MaxPurpose    = 64      // characters of a purpose id
	MinPadded     = 8 << 10 // size of a padded payload in bucket 0; each bucket doubles it
	MaxBucket     = 6       // 512 KiB
	MaxSequence   = 1 << 62 // keeps arithmetic on sequences free of overflow
	sizeIdentity  = 202     // everything that is fixed before sealing: version to previous
	sizeSigned    = 267     // everything that the signature covers
	domainKey     = "byleave/1 key\x00"
	domainHeader  = "byleave/1 header\x00"
)

// ID is 16 random bytes.
type ID = [16]byte

// Header is what anyone who holds a box can read: who sealed it under which consent, and where it stands in the device's
// chain. It says nothing about time, applications or how much happened, but for the size bucket.
type Header struct {
	Version  uint16
	Batch    ID
	Subject  ID
	Device   ID
	Consent  ID
	Policy   [32]byte // SHA-256 of the pinned policy's bytes
	Purpose  string   // [a-z0-9-]{1,64}
	Sequence uint64   // 1 for the first box of a device, then rising by one
	Previous [32]byte // Digest of the box before; zero for the first and where the device lost its chain
	Payload  [32]byte // SHA-256 of the sealed payload
	Capsules [32]byte // SHA-256 of the capsule section
	Bucket   uint8    // the padded payload has 8 KiB << Bucket bytes
}

// Info is the string that binds a key to its box: the role of who opens it and everything in the header that is fixed before
// sealing. A capsule moved to another batch, device, consent, policy, purpose or place in the chain does not open.
// The role 0 stands for the payload's own key.
func Info(h Header, role Role) []byte {
	b := make([]byte, 0, len(domainKey)+1+sizeIdentity)
	b = append(b, domainKey...)
	b = append(b, byte(role))
	return h.appendIdentity(b)
}

// appendIdentity appends the first 202 bytes of the header.
func (h Header) appendIdentity(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, h.Version)
	b = append(b, h.Batch[:]...)
	b = append(b, h.Subject[:]...)
	b = append(b, h.Device[:]...)
	b = append(b, h.Consent[:]...)
	b = append(b, h.Policy[:]...)
	var purpose [MaxPurpose]byte
	copy(purpose[:], h.Purpose)
	b = append(b, purpose[:]...)
	b = binary.BigEndian.AppendUint64(b, h.Sequence)
	return append(b, h.Previous[:]...)
}

// appendSigned appends the 267 bytes that the signature covers.
func (h Header) appendSigned(b []byte) []byte {
	b = h.appendIdentity(b)
	b = append(b, h.Payload[:]...)
	b = append(b, h.Capsules[:]...)
	return append(b, h.Bucket)
}

// signedMessage is what the device signs: a domain, so that no signature of a header means anything elsewhere, and the header.
func signedMessage(header []byte) []byte {
	return append([]byte(domainHeader), header[:sizeSigned]...)
}

// decodeHeader reads the fixed layout. b has at least HeaderSize bytes.
func decodeHeader(b []byte) (Header, error) {
	var h Header
	h.Version = binary.BigEndian.Uint16(b)
	copy(h.Batch[:], b[2:])
	copy(h.Subject[:], b[18:])
	copy(h.Device[:], b[34:])
	copy(h.Consent[:], b[50:])
	copy(h.Policy[:], b[66:])
	h.Sequence = binary.BigEndian.Uint64(b[162:])
	copy(h.Previous[:], b[170:])
	copy(h.Payload[:], b[202:])
	copy(h.Capsules[:], b[234:])
	h.Bucket = b[266]
	purpose, err := decodePurpose(b[98:162])
	if err != nil {
		return Header{}, err
	}
	h.Purpose = purpose
	return h, h.check()
}

// check refuses what the layout can carry but no device writes.
func (h Header) check() error {
	switch {
	case h.Version != Version:
		return fmt.Errorf("%w: version %d, this program reads %d", ErrMalformed, h.Version, Version)
	case !ValidPurpose(h.Purpose):
		return fmt.Errorf("%w: purpose is not [a-z0-9-]{1,%d}", ErrMalformed, MaxPurpose)
	case h.Sequence == 0 || h.Sequence > MaxSequence:
		return fmt.Errorf("%w: sequence out of range", ErrMalformed)
	case h.Sequence == 1 && h.Previous != [32]byte{}:
		return fmt.Errorf("%w: the first box has a previous one", ErrMalformed)
	case h.Bucket > MaxBucket:
		return fmt.Errorf("%w: no size bucket %d", ErrMalformed, h.Bucket)
	}
	return nil
}

// decodePurpose reads 64 bytes: the id, then zeros only.
func decodePurpose(b []byte) (string, error) {
	n := len(b)
	for n > 0 && b[n-1] == 0 {
		n--
	}
	if s := string(b[:n]); ValidPurpose(s) {
		return s, nil
	}
	return "", fmt.Errorf("%w: purpose is not [a-z0-9-]{1,%d}", ErrMalformed, MaxPurpose)
}

// ValidPurpose tells whether s can be the purpose of a box: [a-z0-9-]{1,64}.
func ValidPurpose(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= MaxPurpose
}

// PeekHeader reads the header of a box from its first bytes and checks nothing but its form: neither hashes nor signature.
func PeekHeader(raw []byte) (Header, error) {
	if len(raw) < HeaderSize {
		return Header{}, ErrTruncated
	}
	return decodeHeader(raw)
}
