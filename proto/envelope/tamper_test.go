package envelope_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
)

// TestFlippedBits: one changed bit at any byte, and the box does not open for a reader who knows the device. Even one who does
// not is deceived in the 64 bytes of the signature alone.
func TestFlippedBits(t *testing.T) {
	p := newParties(t, 1)
	whole := sealBytes(t, p.params(), marshal(t, samplePayload())).Bytes()
	for i := range whole {
		raw := bytes.Clone(whole)
		raw[i] ^= 1 << (i % 8)
		b, err := envelope.Parse(raw)
		if err != nil {
			continue
		}
		if _, err := open.ByPerson(b, p.person, open.SignedBy(p.device())); !errors.Is(err, envelope.ErrForged) {
			t.Fatalf("byte %d: %v", i, err)
		}
		if _, err := open.ByPerson(b, p.person); err == nil && (i < 267 || i >= envelope.HeaderSize) {
			t.Fatalf("byte %d: opens without a signature", i)
		}
	}
}

func TestTruncation(t *testing.T) {
	p := newParties(t, 2)
	whole := sealBytes(t, p.params(), marshal(t, samplePayload())).Bytes()
	for n := range whole {
		if _, err := envelope.Parse(whole[:n]); !errors.Is(err, envelope.ErrTruncated) {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := envelope.Parse(append(bytes.Clone(whole), 0)); !errors.Is(err, envelope.ErrMalformed) {
		t.Errorf("a byte after the end: %v", err)
	}
	if _, err := envelope.Parse(make([]byte, envelope.MaxSize+1)); !errors.Is(err, envelope.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// TestI23WrongPurpose: a box whose header is rewritten for another purpose, policy or consent, with all hashes and even the
// device's signature made anew, does not open: the keys are bound to what it was sealed for.
func TestI23WrongPurpose(t *testing.T) {
	p := newParties(t, 1)
	box := sealBytes(t, p.params(), marshal(t, samplePayload()))
	half := p.half(t, box)
	for _, c := range []struct {
		name  string
		at    int
		bytes []byte
	}{
		{"batch", 2, []byte{1}}, {"subject", 18, []byte{99}}, {"device", 34, []byte{99}}, {"consent", 50, []byte{99}},
		{"policy", 66, []byte{99}}, {"purpose", 98, []byte("rate-people")},
		{"sequence", 162, binary.BigEndian.AppendUint64(nil, 2)},
	} {
		raw := bytes.Clone(box.Bytes())
		copy(raw[c.at:], c.bytes)
		copy(raw[267:], ed25519.Sign(p.sign, append([]byte("byleave/1 header\x00"), raw[:267]...)))
		forged, err := envelope.Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if err := forged.Verify(p.device()); err != nil {
			t.Fatalf("%s: the test signs wrongly: %v", c.name, err)
		}
		if _, err := open.ByPerson(forged, p.person); !errors.Is(err, envelope.ErrForged) {
			t.Errorf("%s, by the person: %v", c.name, err)
		}
		if _, err := open.ByHalves(forged, p.custodians, half); !errors.Is(err, envelope.ErrForged) {
			t.Errorf("%s, by halves: %v", c.name, err)
		}
		if _, err := envelope.UnwrapHalf(forged, envelope.Vault, p.vault); !errors.Is(err, envelope.ErrForged) {
			t.Errorf("%s, by the vault: %v", c.name, err)
		}
	}
	for _, c := range []struct {
		check open.Check
		want  error
	}{
		{open.ForPurpose("rate-people"), open.ErrPurpose}, {open.SignedBy(make([]byte, 32)), envelope.ErrForged},
		{open.SignedBy(nil), envelope.ErrForged},
	} {
		if _, err := open.ByPerson(box, p.person, c.check); !errors.Is(err, c.want) {
			t.Errorf("by the person: %v, want %v", err, c.want)
		}
		if _, err := open.ByHalves(box, p.custodians, half, c.check); !errors.Is(err, c.want) {
			t.Errorf("by halves: %v, want %v", err, c.want)
		}
	}
}

// TestCapsuleFromAnotherBox: capsules of one box put into another, hashes and signature made anew.
func TestCapsuleFromAnotherBox(t *testing.T) {
	p := newParties(t, 1)
	one := sealBytes(t, p.params(), marshal(t, samplePayload()))
	two := sealBytes(t, p.params(), marshal(t, samplePayload()))
	header, _, payload := one.Parts()
	_, capsules, _ := two.Parts()
	raw := bytes.Join([][]byte{header, capsules, payload}, nil)
	sum := sha256.Sum256(capsules)
	copy(raw[234:], sum[:])
	copy(raw[267:], ed25519.Sign(p.sign, append([]byte("byleave/1 header\x00"), raw[:267]...)))
	b, err := envelope.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.ByPerson(b, p.person, open.SignedBy(p.device())); !errors.Is(err, envelope.ErrForged) {
		t.Errorf("got %v", err)
	}
}
