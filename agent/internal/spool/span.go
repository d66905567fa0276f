package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// A box does not say in the clear when it was recorded, so a small file beside it does, for the person's own use: with it Forget
// finds the boxes of a span without any key. It never leaves the device.

const spanSuffix = ".span"

// span is the time that a box covers, in whole seconds, rounded outwards.
type span struct{ from, until time.Time }

// unknownMargin is how far before its file's time a box may begin whose span is not known, because an older agent wrote it or the
// file is damaged. A batch is closed after 60 s of activity; only sleep or a disk that refused makes it longer.
const unknownMargin = time.Hour

// span is the time of the actions; a gap holds no content and counts only where there is nothing else.
func (b *batch) span() span {
	var actions, gaps span
	for _, it := range b.items {
		s := &actions
		if it.action == nil && it.task == nil {
			s = &gaps
		}
		if s.from.IsZero() || it.at.Before(s.from) {
			s.from = it.at
		}
		for _, end := range []time.Time{it.at, it.until} {
			if end.After(s.until) {
				s.until = end
			}
		}
	}
	if actions.from.IsZero() {
		return gaps
	}
	return actions
}

// overlaps tells whether the two spans share an instant; both ends belong to a span.
func (s span) overlaps(from, until time.Time) bool {
	return !s.from.After(until) && !s.until.Before(from)
}

func (s span) encode() []byte {
	return sum(fmt.Sprintf("byleave span 1\nfrom %d\nuntil %d\n", s.from.Unix(), s.until.Add(time.Second-1).Unix()))
}

func decodeSpan(b []byte) (span, bool) {
	var from, until int64
	if _, err := fmt.Sscanf(string(b), "byleave span 1\nfrom %d\nuntil %d\n", &from, &until); err != nil {
		return span{}, false
	}
	s := span{time.Unix(from, 0), time.Unix(until, 0)}
	return s, string(s.encode()) == string(b)
}

// writeSpan puts the span beside the box that is written next; the folder's sync of that box makes both names durable.
func (s *Spool) writeSpan(name string, sp span) error {
	s.attempt++
	temp := filepath.Join(s.dir, fmt.Sprintf("%s-%d.tmp", name, s.attempt))
	err := s.writeTemp(temp, sp.encode())
	if err == nil {
		err = s.fs.Rename(temp, filepath.Join(s.dir, name+spanSuffix))
	}
	if err != nil {
		return errors.Join(err, s.fs.Remove(temp))
	}
	return nil
}

// readSpan is the span of a box, by its file's time if nothing better is known.
func (s *Spool) readSpan(name string, at time.Time) span {
	if b, err := s.fs.Read(filepath.Join(s.dir, name+spanSuffix), maxMark); err == nil {
		if sp, ok := decodeSpan(b); ok {
			return sp
		}
	}
	return span{at.Add(-unknownMargin), at.Add(time.Second)}
}

// dropSpan unlinks the span of a box that is gone. One that stays is unlinked at the next start.
func (s *Spool) dropSpan(name string) {
	if err := s.fs.Remove(filepath.Join(s.dir, name+spanSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("the time of a box that is gone could not be removed", "cause", err)
	}
}

// Forgotten is what Forget destroyed.
type Forgotten struct {
	Held, Sent  int       // boxes
	Open        bool      // what was not sealed yet
	From, Until time.Time // the time that they covered, which may reach beyond what was asked; zero if there was none
}

func (f *Forgotten) cover(sp span) {
	if f.From.IsZero() || sp.from.Before(f.From) {
		f.From = sp.from
	}
	if sp.until.After(f.Until) {
		f.Until = sp.until
	}
}

// target is what is to be forgotten: a time, or boxes by their ids.
type target struct {
	from, until time.Time
	only        map[envelope.ID]bool // nil: the time counts
}

func (t target) takes(batch envelope.ID, sp span) bool {
	if t.only != nil {
		return t.only[batch]
	}
	return sp.overlaps(t.from, t.until)
}

// Forget destroys everything here that touches the time from..until: what is open, held boxes, the person's copies of sent ones, and
// what was set aside. A box is destroyed whole. Before it destroys the first box that may have left the device, it calls left
// with the ids of all such boxes; if that fails, those stay, and the error says so. Called again after an error or a crash, it
// goes on with the rest.
func (s *Spool) Forget(from, until time.Time, left func([]envelope.ID) error) (Forgotten, error) {
	return s.forget(target{from: from, until: until}, left)
}

// ForgetBoxes is Forget for boxes by their ids. One that is not here may have left: its id is given to left, too.
func (s *Spool) ForgetBoxes(ids []envelope.ID, left func([]envelope.ID) error) (Forgotten, error) {
	only := make(map[envelope.ID]bool, len(ids))
	for _, id := range ids {
		only[id] = true
	}
	return s.forget(target{only: only}, left)
}

func (s *Spool) forget(t target, left func([]envelope.ID) error) (Forgotten, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Forgotten{}, ErrClosed
	}
	var f Forgotten
	errs := []error{s.finish()}
	s.forgetOpen(t, &f)
	var held []entry // may have left
	here := map[envelope.ID]bool{}
	kept := s.held[:0]
	for _, e := range s.held {
		switch {
		case !t.takes(e.batch, e.span):
			kept = append(kept, e)
		case e.taken:
			here[e.batch] = true
			held = append(held, e)
			kept = append(kept, e)
		default:
			here[e.batch] = true
			if err := s.unlink(e.name, heldSuffix); err != nil {
				errs = append(errs, err)
				kept = append(kept, e)
				continue
			}
			f.Held++
			f.cover(e.span)
		}
	}
	s.held = kept
	aside, err := s.forgetAside(t)
	f.Held += aside
	s.stats.Destroyed += f.Held
	errs = append(errs, err)
	errs = append(errs, s.forgetLeft(held, t, here, left, &f))
	return f, errors.Join(append(errs, s.syncDir())...)
}

// forgetOpen forgets what lies in RAM.
func (s *Spool) forgetOpen(t target, f *Forgotten) {
	if sp := s.open.span(); !s.open.empty() && t.takes(envelope.ID{}, sp) {
		s.open = batch{}
		f.Open = true
		f.cover(sp)
	}
	if s.pending != nil && t.takes(s.pending.box.Header().Batch, s.pending.span) {
		s.stats.sealed(s.pending, 0)
		f.cover(s.pending.span)
		s.pending = nil
		f.Held++
	}
}

// forgetLeft destroys what may have left, after it was noted that the collector is to be asked.
func (s *Spool) forgetLeft(held []entry, t target, here map[envelope.ID]bool, left func([]envelope.ID) error, f *Forgotten) error {
	type copied struct {
		info FileInfo
		span span
	}
	all, _, err := s.listSent()
	if err != nil {
		return err
	}
	var ids []envelope.ID
	var sent []copied
	for _, e := range held {
		ids = append(ids, e.batch)
	}
	for _, info := range all {
		_, batch, _, _ := parseName(info.Name)
		if sp := s.readSpan(strings.TrimSuffix(info.Name, sentSuffix), info.At); t.takes(batch, sp) {
			sent = append(sent, copied{info, sp})
			ids = append(ids, batch)
			here[batch] = true
		}
	}
	for id := range t.only {
		if !here[id] {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.SortFunc(ids, func(a, b envelope.ID) int { return slices.Compare(a[:], b[:]) })
	if err := left(ids); err != nil {
		return fmt.Errorf("what was sent could not be noted, so its copies here stay: %w", err)
	}
	var errs []error
	for _, e := range held {
		if err := s.destroyHeldBox(e); err != nil {
			errs = append(errs, err)
			continue
		}
		f.Held++
		s.stats.Destroyed++
		f.cover(e.span)
	}
	for _, c := range sent {
		if err := s.unlink(strings.TrimSuffix(c.info.Name, sentSuffix), sentSuffix); err != nil {
			errs = append(errs, err)
			continue
		}
		f.Sent++
		s.stats.Destroyed++
		s.stats.Sent--
		s.stats.SentBytes -= c.info.Size
		f.cover(c.span)
	}
	return errors.Join(errs...)
}

// destroyHeldBox unlinks a held box. What the collector still says of it is taken in silence.
func (s *Spool) destroyHeldBox(e entry) error {
	if err := s.unlink(e.name, heldSuffix); err != nil {
		return err
	}
	if s.gone == nil {
		s.gone = map[envelope.ID]bool{}
	}
	s.gone[e.batch] = true
	i, err := s.find(e.batch)
	if err != nil {
		return nil
	}
	s.held = append(s.held[:i], s.held[i+1:]...)
	return nil
}

func (s *Spool) unlink(name, suffix string) error {
	if err := s.fs.Remove(filepath.Join(s.dir, name+suffix)); err != nil {
		return err
	}
	s.dropSpan(name)
	return nil
}

// forgetAside unlinks what was set aside in that time, by the times of the files, or under these ids, by their names.
func (s *Spool) forgetAside(t target) (int, error) {
	return s.unlinkAside(func(_ string, info FileInfo) (bool, error) {
		name, _, _ := strings.Cut(info.Name, "~")
		_, batch, _, _ := parseName(name)
		return t.takes(batch, span{info.At.Add(-unknownMargin), info.At.Add(time.Second)}), nil
	})
}
