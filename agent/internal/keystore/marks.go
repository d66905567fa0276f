package keystore

import (
	"fmt"
	"strings"
	"time"
)

const (
	pauseFile = "pause"
	wallFile  = "wall"
	forever   = "until resumed"
)

// SavePause stores a pause so that it survives a reboot: nil ends it, the zero time means until resumed.
func (s *Store) SavePause(until *time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case until == nil:
		return s.remove(pauseFile)
	case until.IsZero():
		return s.write(pauseFile, []byte(forever+"\n"))
	default:
		return s.write(pauseFile, []byte(until.UTC().Format(time.RFC3339Nano)+"\n"))
	}
}

// Pause returns until when the person paused: nil if they did not, the zero time for until resumed. A pause that cannot be
// read counts as one until resumed, and the error says so.
func (s *Store) Pause() (*time.Time, error) {
	b, err := s.read(pauseFile)
	if err != nil {
		return &time.Time{}, err
	}
	if b == nil {
		return nil, nil
	}
	text := strings.TrimSpace(string(b))
	if text == forever {
		return &time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return &time.Time{}, fmt.Errorf("the stored pause: %w; it counts as a pause until you resume", ErrDamaged)
	}
	return &t, nil
}

// SaveWall raises the highest wall time seen to t. An earlier t changes nothing.
func (s *Store) SaveWall(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seen, err := s.Wall(); err != nil || !t.After(seen) {
		return err // a damaged mark stays, and with it the doubt
	}
	return s.write(wallFile, []byte(t.UTC().Format(time.RFC3339Nano)+"\n"))
}

// ConfirmWall sets the highest wall time seen to t, also backwards: the person says that the clock is right.
func (s *Store) ConfirmWall(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(wallFile, []byte(t.UTC().Format(time.RFC3339Nano)+"\n"))
}

// Wall returns the highest wall time seen, the zero time if none was. With an error there is doubt about the clock.
func (s *Store) Wall() (time.Time, error) {
	b, err := s.read(wallFile)
	if err != nil || b == nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(b)))
	if err != nil {
		return time.Time{}, fmt.Errorf("the stored time: %w", ErrDamaged)
	}
	return t, nil
}
