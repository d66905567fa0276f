package spool

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
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
}

// Next is the oldest held box, if it was sealed at least hold before now. It skips none: a box that must not leave yet holds
// back all younger ones. A box found damaged is set aside, and the next one counts.
func (s *Spool) Next(now time.Time, hold time.Duration) (envelope.Box, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed && len(s.held) > 0 {
		e := &s.held[0]
		if e.at.After(now) {
			e.at = now // sealed while the clock was wrong: the hold counts from here
		}
		if now.Sub(e.at) < hold {
			break
		}
		box, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
		if err == nil && s.keys != nil && s.keys.Device == e.device {
			err = box.Verify(s.keys.Sign.Public().(ed25519.PublicKey))
		}
		if err == nil {
			return box, true
		}
		if err := s.setAside(0, err.Error()); err != nil {
			s.log.Error("a damaged box cannot be set aside", "cause", err)
			break
		}
	}
	return envelope.Box{}, false
}

// Sent marks a box as acknowledged; its file stays as the person's copy. ErrUnknown if no held box has the id.
func (s *Spool) Sent(id envelope.ID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(id)
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
	if err := s.fs.SyncDir(s.dir); err != nil {
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
	s.log.Warn("a box was set aside", "box", e.name, "why", why)
	return nil
}

// DestroyHeld unlinks every box of the consent that has not left, set aside ones too, and forgets what is open or waits in RAM.
// It returns how many boxes are gone. On an error it goes on with the rest; call it again.
func (s *Spool) DestroyHeld(consent [16]byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	n := s.destroyOpen(consent)
	var errs []error
	kept := s.held[:0]
	for _, e := range s.held {
		if e.consent != consent {
			kept = append(kept, e)
		} else if err := s.fs.Remove(filepath.Join(s.dir, e.name+heldSuffix)); err != nil {
			kept = append(kept, e)
			errs = append(errs, err)
		} else {
			n++
		}
	}
	s.held = kept
	aside, err := s.destroyAside(consent)
	n += aside
	s.stats.Destroyed += n
	return n, errors.Join(append(errs, err, s.fs.SyncDir(s.dir))...)
}

// destroyOpen forgets what lies in RAM under the consent, and tells whether it was a sealed box.
func (s *Spool) destroyOpen(consent [16]byte) int {
	if s.keys != nil && s.keys.Consent == consent {
		s.open = batch{}
	}
	if s.pending == nil || s.pending.box.Header().Consent != consent {
		return 0
	}
	s.stats.sealed(s.pending, 0)
	s.pending = nil
	return 1
}

// destroyAside unlinks the boxes of the consent that lie in quarantine.
func (s *Spool) destroyAside(consent [16]byte) (int, error) {
	dir := filepath.Join(s.dir, quarantineName)
	if len(s.aside) == 0 {
		return 0, nil
	}
	infos, err := s.fs.List(dir)
	if err != nil {
		return 0, fmt.Errorf("list the quarantine: %w", err)
	}
	n := 0
	var errs []error
	for _, info := range infos {
		if !info.Regular {
			continue
		}
		path := filepath.Join(dir, info.Name)
		raw, err := s.fs.Read(path, envelope.HeaderSize)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if h, err := envelope.PeekHeader(raw); err != nil || h.Consent != consent {
			continue
		}
		if err := s.fs.Remove(path); err != nil {
			errs = append(errs, err)
			continue
		}
		n++
		delete(s.aside, info.Name)
		s.stats.Quarantined--
		s.stats.QuarantinedBytes -= info.Size
	}
	return n, errors.Join(append(errs, s.fs.SyncDir(dir))...)
}

// Prune unlinks the person's copies that are older than days, and then the oldest until the rest fits into maxBytes. Only boxes
// that the collector acknowledged are touched. It returns how many are gone.
func (s *Spool) Prune(now time.Time, days int, maxBytes int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, ErrClosed
	}
	sent, total, err := s.listSent()
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, info := range sent {
		if now.Sub(info.At) < time.Duration(days)*24*time.Hour && total <= maxBytes {
			break
		}
		if err := s.fs.Remove(filepath.Join(s.dir, info.Name)); err != nil {
			errs = append(errs, err)
			continue
		}
		n++
		total -= info.Size
		s.stats.Sent--
		s.stats.SentBytes -= info.Size
	}
	s.stats.Pruned += n
	if n > 0 {
		errs = append(errs, s.fs.SyncDir(s.dir))
	}
	return n, errors.Join(errs...)
}

// listSent lists the person's copies, oldest first, and how many bytes they have together.
func (s *Spool) listSent() (sent []FileInfo, total int64, err error) {
	infos, err := s.fs.List(s.dir)
	if err != nil {
		return nil, 0, fmt.Errorf("list the spool: %w", err)
	}
	for _, info := range infos {
		if _, _, suffix, ok := parseName(info.Name); ok && suffix == sentSuffix && info.Regular {
			sent = append(sent, info)
			total += info.Size
		}
	}
	slices.SortFunc(sent, func(a, b FileInfo) int {
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		return strings.Compare(a.Name, b.Name)
	})
	return sent, total, nil
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

// Entry is one box of the folder, for the person to look at.
type Entry struct {
	Batch    envelope.ID
	Sequence uint64
	Sent     bool      // false: still held here
	At       time.Time // when it was sealed
	Size     int64
	s        *Spool
}

// Box reads the box. It fails if the file is damaged or was removed since.
func (e Entry) Box() (envelope.Box, error) {
	e.s.mu.Lock()
	defer e.s.mu.Unlock()
	name := boxName(e.Sequence, e.Batch)
	if !e.Sent {
		if box, err := e.s.readBox(name+heldSuffix, e.Sequence, e.Batch); err == nil {
			return box, nil
		}
	}
	return e.s.readBox(name+sentSuffix, e.Sequence, e.Batch) // it may have left since
}

// Boxes goes through the sent boxes, oldest first, then the held ones. It yields one error, last, if the folder cannot be read.
func (s *Spool) Boxes() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		entries, err := s.entries()
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

func (s *Spool) entries() ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sent, _, err := s.listSent()
	out := make([]Entry, 0, len(sent)+len(s.held))
	for _, info := range sent {
		sequence, batch, _, _ := parseName(info.Name)
		out = append(out, Entry{Batch: batch, Sequence: sequence, Sent: true, At: info.At, Size: info.Size, s: s})
	}
	for _, e := range s.held {
		out = append(out, Entry{Batch: e.batch, Sequence: e.sequence, At: e.at, Size: e.size, s: s})
	}
	return out, err
}
