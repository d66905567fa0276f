package spool

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// Report is what Open found.
type Report struct {
	Held, Sent  int
	Quarantined int   // files in quarantine, from this and earlier starts
	SetAside    int   // files that this start moved there
	Stuck       int   // files that should be there and cannot be moved; they are not read again
	Lost        Lost  // zero after a clean end
	Replacing   bool  // the last agent died while it replaced a box: call FinishReplace before anything is sent
	Trouble     error // the disk takes no bytes: Append refuses until Retry succeeds
}

// Lost is time of which something may be missing, because the agent did not end cleanly: at most one batch was in RAM.
type Lost struct{ From, Until time.Time }

// IsZero tells whether nothing was lost.
func (l Lost) IsZero() bool { return l == Lost{} }

// Open takes the folder dir, which it makes if need be, and goes on where the last agent stopped. It starts with any content:
// what is damaged or foreign is moved to quarantine, counted and left alone. Errors: ErrOpenToOthers, ErrBusy, or a folder that
// cannot be made, locked or listed. A disk that takes no bytes is no error, but trouble from the start; see Append.
func Open(fs FS, dir string, log *slog.Logger) (*Spool, Report, error) {
	s := &Spool{fs: fs, dir: dir, log: log, links: map[envelope.ID]link{}}
	if err := fs.MakeDir(dir); err != nil {
		return nil, Report{}, fmt.Errorf("make the spool folder: %w", err)
	}
	if err := fs.Private(dir); err != nil {
		return nil, Report{}, err
	}
	lock, err := fs.Lock(dir)
	if err != nil {
		return nil, Report{}, err
	}
	s.lock = lock
	report, err := s.start(time.Now())
	if err != nil {
		return nil, Report{}, errors.Join(err, lock.Close())
	}
	return s, report, nil
}

// Repair does to the folder what every start does first: what is damaged or foreign is set aside, what a crash left half done is ended. No agent may
// work in it: ErrBusy. The trace of an unclean end stays, so that the next agent tells what was lost.
func Repair(fs FS, dir string, log *slog.Logger) (Report, error) {
	s, r, err := Open(fs, dir, log)
	if err != nil {
		return Report{}, err
	}
	if r.Lost.IsZero() {
		return r, s.Close()
	}
	s.closed = true
	return r, s.lock.Close()
}

// start reads the folder: 1 names, 2 quarantine, 3 held boxes, 4 the chain, 5 how the last agent ended.
func (s *Spool) start(now time.Time) (Report, error) {
	infos, err := s.fs.List(s.dir)
	if err != nil {
		return Report{}, fmt.Errorf("list the spool: %w", err)
	}
	found := classify(infos)
	if err := s.countAside(found.aside); err != nil {
		return Report{}, err
	}
	var r Report
	for _, info := range found.temp {
		if err := s.fs.Remove(filepath.Join(s.dir, info.Name)); err != nil {
			r.Stuck++
		}
	}
	for _, info := range found.foreign {
		s.setAsideAtStart(info, "not a file of the spool", &found, &r)
	}
	s.resumeSwap(&found, &r)
	s.dropOrphans(&found)
	s.readDropped(&found, &r)
	s.readHeld(&found, &r)
	mark := s.recover(&found, &r)
	s.keepAside()
	if s.swap != nil {
		s.known(s.swap.link) // its number is given
		s.last = s.links[s.last.device]
	}
	s.readSession(&found, mark, now, &r)
	for _, info := range found.sent {
		s.stats.Sent++
		s.stats.SentBytes += info.Size
	}
	r.Held, r.Sent, r.Quarantined = len(s.held), s.stats.Sent, s.stats.Quarantined
	if r.SetAside+r.Stuck > 0 {
		s.log.Warn("damaged or foreign files in the spool", "set_aside", r.SetAside, "stuck", r.Stuck)
	}
	return r, nil
}

// scan is one reading of the folder's names at start.
type scan struct {
	held, sent     []FileInfo
	foreign        []FileInfo // to set aside
	temp           []FileInfo // to unlink
	spans          []FileInfo
	next, gone     []FileInfo // of boxes that were cut
	chain, session *FileInfo  // nil if absent
	dropped        *FileInfo
	aside          bool     // there is a quarantine
	damaged        []uint64 // sequences of boxes that were set aside
}

func classify(infos []FileInfo) scan {
	var c scan
	for _, info := range infos {
		_, _, suffix, ours := parseName(info.Name)
		switch {
		case info.Name == quarantineName && info.Dir:
			c.aside = true
		case info.Name == quarantineName:
			c.foreign = slices.Insert(c.foreign, 0, info) // out of the way of the folder that others move to
		case !info.Regular:
			c.foreign = append(c.foreign, info)
		case ours && suffix == heldSuffix:
			c.held = append(c.held, info)
		case ours && info.Size > envelope.HeaderSize && info.Size <= envelope.MaxSize:
			c.sent = append(c.sent, info)
		case spanPattern.MatchString(info.Name):
			c.spans = append(c.spans, info)
		case swapPattern.MatchString(info.Name) && strings.HasSuffix(info.Name, nextSuffix):
			c.next = append(c.next, info)
		case swapPattern.MatchString(info.Name):
			c.gone = append(c.gone, info)
		case tempPattern.MatchString(info.Name):
			c.temp = append(c.temp, info)
		case info.Name == chainName:
			c.chain = &info
		case info.Name == sessionName:
			c.session = &info
		case info.Name == droppedName:
			c.dropped = &info
		default:
			c.foreign = append(c.foreign, info)
		}
	}
	return c
}

// dropOrphans unlinks spans without a box.
func (s *Spool) dropOrphans(found *scan) {
	boxes := map[string]bool{}
	for _, info := range found.held {
		boxes[strings.TrimSuffix(info.Name, heldSuffix)] = true
	}
	for _, info := range found.sent {
		boxes[strings.TrimSuffix(info.Name, sentSuffix)] = true
	}
	if s.swap != nil {
		boxes[s.swap.name] = true
	}
	for _, info := range found.spans {
		if name := strings.TrimSuffix(info.Name, spanSuffix); !boxes[name] {
			s.dropSpan(name)
		}
	}
}

// readHeld reads every held box whole. One that is there as sent, too, has left: only the copy stays.
func (s *Spool) readHeld(found *scan, r *Report) {
	sent := make(map[string]bool, len(found.sent))
	for _, info := range found.sent {
		sent[strings.TrimSuffix(info.Name, sentSuffix)] = true
	}
	for _, info := range found.held {
		sequence, batch, _, _ := parseName(info.Name)
		name := strings.TrimSuffix(info.Name, heldSuffix)
		if sent[name] && s.dropTwin(name, sequence, batch) {
			continue
		}
		box, err := s.readBox(info.Name, sequence, batch)
		if err != nil {
			s.setAsideAtStart(info, err.Error(), found, r)
			continue
		}
		h := box.Header()
		s.held = append(s.held, entry{name: name, batch: batch, sequence: sequence, device: h.Device, consent: h.Consent, at: info.At, size: info.Size,
			span: s.readSpan(name, info.At), taken: true})
		s.known(link{device: h.Device, sequence: sequence, digest: box.Digest()})
	}
	s.sortHeld()
}

// dropTwin unlinks a held box whose sent copy is whole.
func (s *Spool) dropTwin(name string, sequence uint64, batch envelope.ID) bool {
	if _, err := s.readBox(name+sentSuffix, sequence, batch); err != nil {
		return false
	}
	return s.fs.Remove(filepath.Join(s.dir, name+heldSuffix)) == nil
}

// sortHeld orders by sequence, and the boxes of an earlier enrolment before those of a later.
func (s *Spool) sortHeld() {
	first := map[envelope.ID]time.Time{}
	for _, e := range s.held {
		if t, ok := first[e.device]; !ok || e.at.Before(t) {
			first[e.device] = e.at
		}
	}
	slices.SortFunc(s.held, func(a, b entry) int {
		if a.device != b.device {
			return cmp.Or(first[a.device].Compare(first[b.device]), slices.Compare(a.device[:], b.device[:]))
		}
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), strings.Compare(a.name, b.name))
	})
}
