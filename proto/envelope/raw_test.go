package envelope_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"encoding/binary"
	"testing"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/internal/lock"
	"github.com/byleave/byleave/proto/envelope/seal"
)

// pad is the padding of SPEC.md.
func pad(compressed []byte) []byte {
	size := envelope.MinPadded
	for size < len(compressed)+4 {
		size *= 2
	}
	b := make([]byte, size)
	binary.BigEndian.PutUint32(b, uint32(len(compressed)))
	copy(b[4:], compressed)
	return b
}

// sealPadded seals plaintext that seal would never make, to one custodian. It follows SPEC.md by itself.
func sealPadded(t testing.TB, p parties, padded []byte) envelope.Box {
	t.Helper()
	s := p.params()
	h := envelope.Header{Version: 1, Subject: s.Subject, Device: s.Device, Consent: s.Consent, Policy: s.Policy,
		Purpose: s.Purpose, Sequence: s.Sequence}
	rand.Read(h.Batch[:])
	halves := make([]byte, 64)
	rand.Read(halves)
	key, err := lock.Key(halves[:32], halves[32:], envelope.Info(h, 0))
	if err != nil {
		t.Fatal(err)
	}
	payload, err := lock.Seal(key, padded)
	if err != nil {
		t.Fatal(err)
	}
	var caps []envelope.Capsule
	for _, c := range []struct {
		role   envelope.Role
		to     hpke.PublicKey
		secret []byte
	}{
		{envelope.Custodian, s.Custodians[0], halves[:32]}, {envelope.Vault, s.Vault, halves[32:]}, {envelope.Person, s.Person, halves},
	} {
		sealed, err := hpke.Seal(c.to, lock.KDF(), lock.AEAD(), envelope.Info(h, c.role), c.secret)
		if err != nil {
			t.Fatal(err)
		}
		caps = append(caps, envelope.Capsule{Role: c.role, Key: envelope.KeyHash(c.to), Sealed: sealed})
	}
	b, err := envelope.Assemble(lock.New(), h, caps, payload, p.sign)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestAssembleIsForSeal: whoever cannot name a Maker gets a panic, not a box.
func TestAssembleIsForSeal(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a box was assembled without a Maker")
		}
	}()
	var none lock.Maker
	_, err := envelope.Assemble(none, envelope.Header{}, nil, nil, nil)
	t.Errorf("returned %v", err)
}

// TestParamsRefused: recipients that would make the double lock a single one, or no lock.
func TestParamsRefused(t *testing.T) {
	p := newParties(t, 2)
	x25519, err := hpke.DHKEM(ecdh.X25519()).GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*seal.Params){
		"no custodian":             func(s *seal.Params) { s.Custodians = nil },
		"65 custodians":            func(s *seal.Params) { s.Custodians = make([]hpke.PublicKey, 65) },
		"the vault is a custodian": func(s *seal.Params) { s.Vault = s.Custodians[1] },
		"the person is the vault":  func(s *seal.Params) { s.Person = s.Vault },
		"one custodian twice":      func(s *seal.Params) { s.Custodians[1] = s.Custodians[0] },
		"no person":                func(s *seal.Params) { s.Person = nil },
		"a key that is not hybrid": func(s *seal.Params) { s.Person = x25519.PublicKey() },
		"no signing key":           func(s *seal.Params) { s.Sign = nil },
		"no purpose":               func(s *seal.Params) { s.Purpose = "" },
		"a purpose with a slash":   func(s *seal.Params) { s.Purpose = "a/b" },
		"a purpose too long":       func(s *seal.Params) { s.Purpose = string(bytes.Repeat([]byte("a"), 65)) },
		"sequence 0":               func(s *seal.Params) { s.Sequence = 0 },
		"sequence too large":       func(s *seal.Params) { s.Sequence = envelope.MaxSequence + 1 },
		"first with a previous":    func(s *seal.Params) { s.Previous[0] = 1 },
	} {
		s := p.params()
		change(&s)
		if b, err := seal.Seal(s, nil); err == nil || !b.IsZero() {
			t.Errorf("%s: sealed", name)
		}
	}
}
