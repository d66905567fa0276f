package spool

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// entry is a held box, known by what its header says.
type entry struct {
	name     string // without suffix
	batch    envelope.ID
	device   envelope.ID
	consent  envelope.ID
	sequence uint64
	at       time.Time
	size     int64
	span     span
	taken    bool // may have left: it was given out for upload, now or before the start
	released bool // the person lets it leave before its hold has passed
}

// holds tells whether the box must still stay here.
func (e *entry) holds(now time.Time, hold time.Duration) bool {
	if e.released {
		return false
	}
	if e.at.After(now) {
		e.at = now // sealed while the clock was wrong: the hold counts from here
	}
	return now.Sub(e.at) < hold
}

// Next is the oldest held box, if it was sealed at least hold before now. It skips none: a box that must not leave yet holds
// back all younger ones. A box found damaged is set aside, and the next one counts.
func (s *Spool) Next(now time.Time, hold time.Duration) (envelope.Box, bool) {
	return s.NextExcept(now, hold, func(_, _ envelope.ID) bool { return false })
}

// NextExcept is Next, but passes over the boxes that skip names: those in flight, and those of a consent that the collector no
// longer takes, which must not hold back the rest.
func (s *Spool) NextExcept(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (envelope.Box, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; !s.closed && i < len(s.held); {
		e := &s.held[i]
		if e.holds(now, hold) {
			break
		}
		if skip(e.batch, e.consent) {
			i++
			continue
		}
		box, err := s.readVerified(*e)
		if err == nil {
			e.taken = true
			return box, true
		}
		if err := s.setAside(i, err.Error()); err != nil {
			s.log.Error("a damaged box cannot be set aside", "cause", err)
			break
		}
	}
	return envelope.Box{}, false
}

// Ready looks at the boxes that NextExcept would give, one after another, by what is known of them, and gives none out: the bytes of the
// first (0: there is none) and of all, and when the first was sealed.
func (s *Spool) Ready(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (first, all int64, sealed time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.held {
		e := &s.held[i]
		if e.holds(now, hold) {
			break
		}
		if skip(e.batch, e.consent) {
			continue
		}
		if first == 0 {
			first, sealed = e.size, e.at
		}
		all += e.size
	}
	return first, all, sealed
}

// Release lets the held boxes of these ids leave before their hold has passed, from the oldest on: one that is not named keeps back
// the younger ones. It returns how many may leave now. A restart forgets it, and the hold counts again.
func (s *Spool) Release(ids []envelope.ID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for i := range s.held {
		if !slices.Contains(ids, s.held[i].batch) {
			break
		}
		s.held[i].released = true
		n++
	}
	return n
}

// readVerified reads a held box and, if a device is in use, checks its signature: the header's hashes do not cover the header.
// A box of an earlier enrolment fails, too; no collector would take it under this device's certificate.
func (s *Spool) readVerified(e entry) (envelope.Box, error) {
	box, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
	if err == nil && s.keys != nil {
		err = box.Verify(s.keys.Sign.Public().(ed25519.PublicKey))
	}
	return box, err
}

// Sent marks a box as acknowledged; its file stays as the person's copy. ErrUnknown if no held box has the id.
func (s *Spool) Sent(id envelope.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(id)
	if errors.Is(err, ErrUnknown) && s.gone[id] {
		return nil // the person destroyed it while it was under way
	}
	if err != nil {
		return err
	}
	e := s.held[i]
	path := filepath.Join(s.dir, e.name)
	if err := s.fs.Rename(path+heldSuffix, path+sentSuffix); err != nil {
		return fmt.Errorf("mark a box as sent: %w", err)
	}
	s.held = slices.Delete(s.held, i, i+1)
	s.stats.Sent++
	s.stats.SentBytes += e.size
	if err := s.syncDir(); err != nil {
		return s.stop(err)
	}
	return nil
}

// Quarantine sets a held box aside that the collector refused for good; why goes into the log and must hold no content.
// ErrUnknown if no held box has the id.
func (s *Spool) Quarantine(id envelope.ID, why string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(id)
	if errors.Is(err, ErrUnknown) && s.gone[id] {
		return nil
	}
	if err != nil {
		return err
	}
	return s.setAside(i, why)
}

// setAside moves the i-th held box into quarantine.
func (s *Spool) setAside(i int, why string) error {
	e := s.held[i]
	if err := s.moveAside(FileInfo{Name: e.name + heldSuffix, Size: e.size}); err != nil {
		return fmt.Errorf("set a box aside: %w", err)
	}
	s.held = slices.Delete(s.held, i, i+1)
	s.dropSpan(e.name)
	s.log.Warn("a box was set aside", "box", e.name, "why", why)
	return nil
}

// find is the place of a held box.
func (s *Spool) find(id envelope.ID) (int, error) {
	if s.closed {
		return 0, ErrClosed
	}
	i := slices.IndexFunc(s.held, func(e entry) bool { return e.batch == id })
	if i < 0 {
		return 0, ErrUnknown
	}
	return i, nil
}

// readBox reads a file that must be the box of that name.
func (s *Spool) readBox(name string, sequence uint64, batch envelope.ID) (envelope.Box, error) {
	raw, err := s.fs.Read(filepath.Join(s.dir, name), envelope.MaxSize+1)
	if err != nil {
		return envelope.Box{}, fmt.Errorf("read a box: %w", err)
	}
	box, err := envelope.Parse(raw)
	if err != nil {
		return envelope.Box{}, err
	}
	if h := box.Header(); h.Sequence != sequence || h.Batch != batch {
		return envelope.Box{}, fmt.Errorf("%w: it lies under another box's name", envelope.ErrForged)
	}
	return box, nil
}
