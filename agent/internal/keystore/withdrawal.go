package keystore

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SaveWithdrawal stores the withdrawal of a consent. When it returns, the consent is withdrawn for good on this device, also
// after a power cut, whether the collector has heard of it or not.
func (s *Store) SaveWithdrawal(stub []byte) error {
	m, err := readStub(stub)
	if err != nil {
		return err
	}
	if !m.GetWithdrawn() {
		return errors.New("this is a stub of a consent that stands, not of a withdrawal")
	}
	return s.SaveStub(stub)
}

// PrepareWithdrawal stores a signed withdrawal that the person may make later, so that making it needs no free space. It counts
// for nothing until Withdraw.
func (s *Store) PrepareWithdrawal(stub []byte) error {
	m, err := readStub(stub)
	if err != nil {
		return err
	}
	if !m.GetWithdrawn() {
		return errors.New("this is a stub of a consent that stands, not of a withdrawal")
	}
	name := stubBase(m.GetId()) + ready
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, err := s.read(name); err == nil && before != nil {
		return nil
	}
	return s.write(name, stub)
}

// Withdraw makes the prepared withdrawal of a consent the person's own: a rename, which a full disk allows. When it returns, the
// consent is withdrawn for good, as after SaveWithdrawal. ErrUnprepared if none was prepared.
func (s *Store) Withdraw(consent [16]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone, err := s.Withdrawn(consent); err == nil && gone {
		return nil
	}
	base := filepath.Join(s.dir, stubBase(consent[:]))
	if err := os.Rename(base+ready, base+withdrawn+due); errors.Is(err, fs.ErrNotExist) {
		return ErrUnprepared
	} else if err != nil {
		return fmt.Errorf("put the withdrawal in place: %w", err)
	}
	return s.syncDir()
}

// Standing returns the stubs of all consents that were given and not withdrawn: the one in force, and those that it replaced.
// With an error the list may lack some.
func (s *Store) Standing() ([][]byte, error) {
	names, err := s.names(stubPrefix, "")
	if err != nil {
		return nil, err
	}
	ended := map[string]bool{}
	for _, name := range names {
		if base, _, ok := strings.Cut(name, withdrawn); ok {
			ended[base] = true
		}
	}
	var stubs [][]byte
	var errs []error
	for _, name := range names {
		base, _, ok := strings.Cut(name, given)
		if !ok || ended[base] {
			continue
		}
		ended[base] = true // due and told may both be there after a crash
		b, err := s.read(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		stubs = append(stubs, b)
	}
	return stubs, errors.Join(errs...)
}

// EveryWithdrawn returns the ids of all consents that were withdrawn on this device.
func (s *Store) EveryWithdrawn() ([][16]byte, error) {
	names, err := s.names(stubPrefix, "")
	if err != nil {
		return nil, err
	}
	var ids [][16]byte
	for _, name := range names {
		base, _, ok := strings.Cut(strings.TrimPrefix(name, stubPrefix), withdrawn)
		if id, err := hex.DecodeString(base); ok && err == nil && len(id) == 16 {
			ids = append(ids, [16]byte(id))
		}
	}
	slices.SortFunc(ids, func(a, b [16]byte) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids), nil
}

// Withdrawn tells whether the consent was withdrawn on this device. With an error the answer is true: nothing is recorded
// while in doubt.
func (s *Store) Withdrawn(consent [16]byte) (bool, error) {
	found, err := s.names(stubBase(consent[:])+withdrawn, "")
	return err != nil || len(found) > 0, err
}
