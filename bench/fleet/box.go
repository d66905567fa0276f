package fleet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	mrand "math/rand/v2"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/seal"
)

// parcel is one box: its header, and the rest, which boxes may share.
type parcel struct {
	batch  envelope.ID
	header []byte
	body   []byte
}

func (p parcel) size() int { return len(p.header) + len(p.body) }

// bytes is the whole box.
func (p parcel) bytes() []byte {
	return append(append(make([]byte, 0, p.size()), p.header...), p.body...)
}

// mould holds one sealed box of each size. To seal every box of ten thousand devices would measure the fleet, not the collector. A device
// seals its first box itself; the later ones are a header of their own, signed by it, before capsules and payload from here. A collector
// cannot tell: it can open neither.
type mould struct {
	custodian, person hpke.PublicKey
	cast              []parcel
}

// sizes are how many KiB a payload has and how many in a thousand have it.
var sizes = []struct{ kib, of1000 int }{{8, 500}, {16, 250}, {32, 150}, {64, 70}, {128, 25}, {256, 5}}

func newMould() (m mould, err error) {
	var keys [3]hpke.PublicKey
	for i := range keys {
		k, err := hpke.MLKEM768X25519().GenerateKey()
		if err != nil {
			return m, fmt.Errorf("make a key: %w", err)
		}
		keys[i] = k.PublicKey()
	}
	m.custodian, m.person = keys[0], keys[1]
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return m, fmt.Errorf("make a key: %w", err)
	}
	p := seal.Params{Purpose: purpose, Sequence: 1, Custodians: keys[:1], Person: keys[1], Vault: keys[2], Sign: sign}
	for _, s := range sizes {
		payload := make([]byte, s.kib<<10-1<<10)
		rand.Read(payload) // nothing shortens it
		box, err := seal.Seal(p, payload)
		if err != nil {
			return m, fmt.Errorf("seal: %w", err)
		}
		m.cast = append(m.cast, cut(box))
	}
	return m, nil
}

// purpose is the purpose of all boxes.
const purpose = "train"

func cut(box envelope.Box) parcel {
	raw := box.Bytes()
	return parcel{box.Header().Batch, raw[:envelope.HeaderSize:envelope.HeaderSize], raw[envelope.HeaderSize:]}
}

// pick is one of the sizes, as often as it occurs.
func (m mould) pick(rng *mrand.Rand) parcel {
	n := rng.IntN(1000)
	for i, s := range sizes {
		if n -= s.of1000; n < 0 {
			return m.cast[i]
		}
	}
	return m.cast[0]
}

// Where the header of proto/SPEC.md has what is a device's own.
const (
	atBatch, atSubject, atDevice, atConsent = 2, 18, 34, 50
	atSequence, atPrevious, atSignature     = 162, 170, 267
)

// cast makes the device's next box out of a sealed one.
func (d *device) cast(from parcel) parcel {
	p := parcel{header: bytes.Clone(from.header), body: from.body}
	rand.Read(p.batch[:])
	copy(p.header[atBatch:], p.batch[:])
	copy(p.header[atSubject:], d.subject[:])
	copy(p.header[atDevice:], d.id[:])
	copy(p.header[atConsent:], d.consent[:])
	binary.BigEndian.PutUint64(p.header[atSequence:], d.sequence)
	copy(p.header[atPrevious:], d.previous[:])
	signed := append([]byte("byleave/1 header\x00"), p.header[:atSignature]...)
	copy(p.header[atSignature:], ed25519.Sign(d.sign, signed))
	return p
}
