package spool

import (
	"fmt"
	"path/filepath"
)

// countAside counts what earlier starts set aside.
func (s *Spool) countAside(exists bool) error {
	s.aside = map[string]bool{}
	if !exists {
		return nil
	}
	infos, err := s.fs.List(filepath.Join(s.dir, quarantineName))
	if err != nil {
		return fmt.Errorf("list the quarantine: %w", err)
	}
	for _, info := range infos {
		s.aside[info.Name] = true
		s.stats.Quarantined++
		s.stats.QuarantinedBytes += info.Size
	}
	return nil
}

// setAsideAtStart moves a file to quarantine. Where that fails the file stays, uncounted among the boxes, and the start goes on. All moves
// of a start become durable together, at its end: a crash before that finds the files where they were.
func (s *Spool) setAsideAtStart(info FileInfo, why string, found *scan, r *Report) {
	sequence, _, _, ours := parseName(info.Name)
	if ours {
		found.damaged = append(found.damaged, sequence)
		s.log.Warn("a box is damaged", "box", info.Name, "why", why)
	}
	if err := s.moveTo(info); err != nil {
		r.Stuck++
		return
	}
	r.SetAside++
}

// moveAside moves a file of the folder to quarantine, under a name that is free there. An error means that it did not move; a
// move that may not be durable is disk trouble.
func (s *Spool) moveAside(info FileInfo) error {
	if err := s.moveTo(info); err != nil {
		return err
	}
	s.keepAside()
	return nil
}

// keepAside makes the moves to quarantine durable.
func (s *Spool) keepAside() {
	if !s.asideUnsynced {
		return
	}
	if err := s.syncDir(); err != nil {
		_ = s.stop(err) // the files did move
	}
}

// moveTo moves a file of the folder to quarantine, not yet durably.
func (s *Spool) moveTo(info FileInfo) error {
	dir, from := filepath.Join(s.dir, quarantineName), filepath.Join(s.dir, info.Name)
	if info.Name == quarantineName && !info.Dir {
		if err := s.fs.Rename(from, from+"~"); err != nil {
			return err
		}
		from += "~"
	}
	if err := s.fs.MakeDir(dir); err != nil {
		return err
	}
	name := info.Name
	for i := 2; s.aside[name]; i++ {
		name = fmt.Sprintf("%s~%d", info.Name, i)
	}
	if err := s.fs.Rename(from, filepath.Join(dir, name)); err != nil {
		return err
	}
	s.aside[name] = true
	s.stats.Quarantined++
	s.stats.QuarantinedBytes += info.Size
	s.asideUnsynced = true
	return nil
}

// syncDir makes names in the folder durable; those in quarantine first, so that no crash finds a moved box in neither.
func (s *Spool) syncDir() error {
	if s.asideUnsynced {
		if err := s.fs.SyncDir(filepath.Join(s.dir, quarantineName)); err != nil {
			return err
		}
		s.asideUnsynced = false
	}
	return s.fs.SyncDir(s.dir)
}
