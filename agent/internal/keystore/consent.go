package keystore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

const (
	policyFile  = "policy.signed"
	appliedFile = "policy.applied"
	consentFile = "consent.json"
	keptPrefix  = "consent-" // consent-<digest>.json: every consent that was ever given here
	stubPrefix  = "stub-"    // stub-<consent id in hex>.{given,withdrawn}.{due,told}
	ready       = ".ready"   // stub-<consent id in hex>.ready: a signed withdrawal that the person has not made
	given       = ".given"
	withdrawn   = ".withdrawn"
	due         = ".due"
	told        = ".told"
)

// consentJSON keeps a consent and the policy that it pins in one file: one never exists without the other.
type consentJSON struct {
	Consent []byte `json:"consent"`
	Policy  []byte `json:"policy"`
}

// SavePolicy stores the newest signed policy. Whether it may replace the one before is for policy.Newer to say.
func (s *Store) SavePolicy(signed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(policyFile, signed)
}

// Policy returns the newest signed policy, nil if there is none.
func (s *Store) Policy() ([]byte, error) { return s.read(policyFile) }

// SaveApplied stores the policy that was last recorded under beside a consent: a later one must be narrower than this one, too.
func (s *Store) SaveApplied(signed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, err := s.read(appliedFile); err == nil && bytes.Equal(before, signed) {
		return nil
	}
	return s.write(appliedFile, signed)
}

// Applied returns the policy that was last recorded under, nil if there is none.
func (s *Store) Applied() ([]byte, error) { return s.read(appliedFile) }

// SaveConsent stores a signed consent with the exact signed bytes of the policy that it pins, and puts it in force in place of
// an earlier one, which is kept (see Consents). Save its stub first (SaveStub): a consent whose stub is lost could never be told
// to the collector.
func (s *Store) SaveConsent(signed, pinnedPolicy []byte) error {
	b, err := json.Marshal(consentJSON{Consent: signed, Policy: pinnedPolicy})
	if err != nil {
		return fmt.Errorf("encode the consent: %w", err)
	}
	digest := sha256.Sum256(signed)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.write(keptPrefix+hex.EncodeToString(digest[:])+".json", b); err != nil {
		return err
	}
	return s.write(consentFile, b)
}

// Given is one consent that was given on this device, and the policy that it pins, both signed.
type Given struct{ Consent, Policy []byte }

// Consents returns every consent that was ever given on this device, in no order: what was recorded under each stays under it.
func (s *Store) Consents() ([]Given, error) {
	names, err := s.names(keptPrefix, ".json")
	if err != nil {
		return nil, err
	}
	var all []Given
	for _, name := range names {
		b, err := s.read(name)
		if err != nil {
			return all, err
		}
		var j consentJSON
		if err := json.Unmarshal(b, &j); err != nil || len(j.Consent) == 0 || len(j.Policy) == 0 {
			return all, fmt.Errorf("%s: %w", name, ErrDamaged)
		}
		all = append(all, Given(j))
	}
	return all, nil
}

// Consent returns the last signed consent and the policy that it pins, nil and nil if none was given. It stays after a
// withdrawal, so that the person can look it up; ask Withdrawn.
func (s *Store) Consent() (signed, pinnedPolicy []byte, err error) {
	b, err := s.read(consentFile)
	if err != nil || b == nil {
		return nil, nil, err
	}
	var j consentJSON
	if err := json.Unmarshal(b, &j); err != nil || len(j.Consent) == 0 || len(j.Policy) == 0 {
		return nil, nil, fmt.Errorf("%s: %w; give the consent again", consentFile, ErrDamaged)
	}
	return j.Consent, j.Policy, nil
}

// SaveStub stores what the collector is to be told of a consent, until StubDelivered. stub is a marshalled pb.Signed of a
// pb.ConsentStub; its signature is not checked here.
func (s *Store) SaveStub(stub []byte) error {
	m, err := readStub(stub)
	if err != nil {
		return err
	}
	name := stubName(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, err := s.read(name + told); err != nil || bytes.Equal(before, stub) {
		return err
	}
	return s.write(name+due, stub)
}

// PendingStubs returns the stubs that the collector has not acknowledged. A withdrawal comes after its consent.
func (s *Store) PendingStubs() ([][]byte, error) {
	names, err := s.names(stubPrefix, due)
	if err != nil {
		return nil, err
	}
	var stubs [][]byte
	for _, name := range names {
		b, err := s.read(name)
		if err != nil {
			return nil, err
		}
		stubs = append(stubs, b)
	}
	return stubs, nil
}

// Stub returns what the collector is to know of one consent: its withdrawal if there is one, else its stub; nil for an
// unknown consent.
func (s *Store) Stub(consent [16]byte) ([]byte, error) {
	base := stubBase(consent[:])
	for _, name := range []string{base + withdrawn + due, base + withdrawn + told, base + given + due, base + given + told} {
		if b, err := s.read(name); err != nil || b != nil {
			return b, err
		}
	}
	return nil, nil
}

// StubDelivered notes that the collector has acknowledged a stub. It stays in the store for Stub and Withdrawn.
func (s *Store) StubDelivered(stub []byte) error {
	m, err := readStub(stub)
	if err != nil {
		return err
	}
	name := stubName(m)
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.read(name + due)
	if err != nil || !bytes.Equal(b, stub) {
		return err
	}
	if err := s.write(name+told, stub); err != nil { // a crash before the removal tells it twice, which changes nothing
		return err
	}
	return s.remove(name + due)
}

func readStub(stub []byte) (*pb.ConsentStub, error) {
	var signed pb.Signed
	var m pb.ConsentStub
	if err := proto.Unmarshal(stub, &signed); err != nil {
		return nil, errors.New("the consent stub is not well-formed")
	}
	if err := proto.Unmarshal(signed.GetBody(), &m); err != nil || len(m.GetId()) != 16 {
		return nil, errors.New("the consent stub is not well-formed")
	}
	return &m, nil
}

func stubName(m *pb.ConsentStub) string {
	state := given
	if m.GetWithdrawn() {
		state = withdrawn
	}
	return stubBase(m.GetId()) + state
}

func stubBase(consent []byte) string { return stubPrefix + hex.EncodeToString(consent) }
