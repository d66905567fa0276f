package keystore

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

const (
	refusedFile  = "refused"
	narrowedFile = "narrowed"
	remindedFile = "reminded"
)

// SaveRefused notes that the person said no at t. From then on nothing is asked again, and no consent from before counts.
func (s *Store) SaveRefused(t time.Time) error { return s.saveTime(refusedFile, t) }

// ForgetRefused takes the no back: the person agreed to something after it.
func (s *Store) ForgetRefused() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remove(refusedFile)
}

// Refused is when the person said no, the zero time if they did not. With an error it counts as no.
func (s *Store) Refused() (time.Time, error) { return s.readTime(refusedFile) }

// SaveNarrowed notes that a narrower policy took effect by itself at t.
func (s *Store) SaveNarrowed(t time.Time) error { return s.saveTime(narrowedFile, t) }

// Narrowed is when a narrower policy last took effect by itself, the zero time if none did.
func (s *Store) Narrowed() (time.Time, error) { return s.readTime(narrowedFile) }

// SaveReminded notes that the person was reminded of the end of a consent: once, never twice.
func (s *Store) SaveReminded(consent [16]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(remindedFile, []byte(hex.EncodeToString(consent[:])+"\n"))
}

// Reminded tells whether the person was reminded of the end of that consent. With an error they were: nobody is asked twice
// because a file is damaged.
func (s *Store) Reminded(consent [16]byte) bool {
	b, err := s.read(remindedFile)
	return err != nil || strings.TrimSpace(string(b)) == hex.EncodeToString(consent[:])
}

func (s *Store) saveTime(file string, t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(file, []byte(t.UTC().Format(time.RFC3339)+"\n"))
}

func (s *Store) readTime(file string) (time.Time, error) {
	b, err := s.read(file)
	if err != nil || b == nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, strings.TrimSpace(string(b)))
	if err != nil {
		return time.Time{}, fmt.Errorf("the file %s: %w", file, ErrDamaged)
	}
	return t, nil
}
