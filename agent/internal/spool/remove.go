package spool

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

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
	if err := s.finish(); err != nil && s.swap != nil && s.swap.consent == consent {
		errs = append(errs, s.dropSwap())
		n++
	}
	for _, e := range slices.Clone(s.held) {
		if e.consent != consent {
			continue
		}
		if err := s.destroyHeldBox(e); err != nil {
			errs = append(errs, err)
		} else {
			n++
		}
	}
	aside, err := s.destroyAside(consent)
	n += aside
	s.stats.Destroyed += n
	return n, errors.Join(append(errs, err, s.syncDir())...)
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
	return s.unlinkAside(func(path string, _ FileInfo) (bool, error) {
		raw, err := s.fs.Read(path, envelope.HeaderSize)
		if err != nil {
			return false, err
		}
		h, err := envelope.PeekHeader(raw)
		return err == nil && h.Consent == consent, nil
	})
}

// unlinkAside unlinks the files in quarantine that are chosen. One that fails is passed over and told of.
func (s *Spool) unlinkAside(chosen func(path string, info FileInfo) (bool, error)) (n int, err error) {
	if len(s.aside) == 0 {
		return 0, nil
	}
	dir := filepath.Join(s.dir, quarantineName)
	infos, err := s.fs.List(dir)
	if err != nil {
		return 0, fmt.Errorf("list the quarantine: %w", err)
	}
	var errs []error
	for _, info := range infos {
		if !info.Regular {
			continue
		}
		path := filepath.Join(dir, info.Name)
		yes, err := chosen(path, info)
		if err == nil && yes {
			err = s.fs.Remove(path)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !yes {
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
		if err := s.unlink(strings.TrimSuffix(info.Name, sentSuffix), sentSuffix); err != nil {
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
		errs = append(errs, s.syncDir())
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
