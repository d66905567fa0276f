package spool

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// A box is replaced in these steps; each is durable before the next:
//
//	1 <old>.next   the new box, under the old one's name: without a tombstone it counts for nothing
//	2 <old>.gone   the tombstone: from here on the old box counts for nothing, and the swap is finished, now or after a crash
//	3 the collector is to be asked to erase the old box, if it may have left
//	4 <old>.box    is unlinked
//	5 <new>.box    is what .next was
//	6 chain        names the new box

// swap is a replacement between step 2 and its end.
type swap struct {
	old       string // name of the old box, without suffix
	batch     envelope.ID
	mayLeave  bool // it may have left
	asked     bool // the collector will be asked
	left      func([]envelope.ID) error
	name      string // of the new box, without suffix
	link      link
	consent   envelope.ID
	span      span
	size      int64
	destroyed int // how many boxes are gone once it is done; 0 after a start, which counted none
}

// Replace puts a new box of this device, from Reseal, in the place of a held one, which is destroyed and leaves its tombstone. The hold begins anew.
// Before the old one goes, left is called with its id if it may have left the device. ErrUnknown if no held box has the id: it has
// left, or is gone; ErrMoved if the chain has grown. After another error the old box is still there, or ErrDisk says that the swap
// is begun and Retry or the next start ends it.
func (s *Spool) Replace(r Replacement, device ed25519.PublicKey, left func([]envelope.ID) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, err := s.find(r.Old)
	switch {
	case err != nil:
		return err
	case s.trouble != nil && !errors.Is(s.trouble, ErrFull):
		return s.trouble
	case s.swap != nil:
		return ErrDisk
	}
	e := s.held[i]
	w, err := s.accept(e, r, device)
	if err != nil {
		return err
	}
	w.left = left
	if err := s.writeSpan(w.name, w.span); err != nil {
		return fmt.Errorf("replace a box: %w", err)
	}
	if err := s.write(e.name, nextSuffix, r.Box); err != nil {
		s.dropSpan(w.name)
		return fmt.Errorf("replace a box: %w", errors.Join(err, s.drop(e.name+nextSuffix)))
	}
	if err := s.write(e.name, goneSuffix, r.Tombstone); err != nil {
		return s.undo(e.name, w.name, err)
	}
	s.held = slices.Delete(s.held, i, i+1)
	s.swap, s.last = w, w.link
	s.links[s.last.device] = s.last
	if err := s.finish(); err != nil {
		return s.stop(err)
	}
	return nil
}

// accept checks a replacement against the box that it stands in for, and against the end of the chain.
func (s *Spool) accept(e entry, r Replacement, device ed25519.PublicKey) (*swap, error) {
	old, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
	if err != nil {
		return nil, err
	}
	box, err := envelope.Parse(r.Box)
	if err != nil {
		return nil, err
	}
	t, ok := decodeTombstone(r.Tombstone)
	if !ok {
		return nil, ErrOther
	}
	if err := mayStandFor(old, box, t, device); err != nil {
		return nil, err
	}
	h := box.Header()
	if s.pending != nil || h.Device != s.last.device || h.Sequence != s.last.sequence+1 || h.Previous != s.last.digest {
		return nil, ErrMoved
	}
	return &swap{
		old: e.name, batch: e.batch, mayLeave: e.taken, name: boxName(h.Sequence, h.Batch), consent: h.Consent, span: e.span, size: int64(len(r.Box)), destroyed: 1,
		link: link{device: h.Device, sequence: h.Sequence, digest: box.Digest()},
	}, nil
}

// undo takes back what was written before a tombstone could be made durable. If that fails too, a crash may still carry it out.
func (s *Spool) undo(old, name string, cause error) error {
	err := forgive(s.fs.Remove(filepath.Join(s.dir, old+goneSuffix)))
	if err == nil {
		err = s.syncDir() // before the new box goes: a tombstone without it would lose both
	}
	if err != nil {
		s.litter = append(s.litter, old+goneSuffix, old+nextSuffix) // in this order, with a sync between: see sweep
		return s.stop(errors.Join(cause, err))
	}
	s.dropSpan(name)
	return fmt.Errorf("replace a box: %w", errors.Join(cause, s.drop(old+nextSuffix)))
}

// drop unlinks a file that counts for nothing. One that stays is unlinked later, before anything is forgotten.
func (s *Spool) drop(name string) error {
	err := forgive(s.fs.Remove(filepath.Join(s.dir, name)))
	if err != nil {
		s.litter = append(s.litter, name)
	}
	return err
}

// sweep unlinks what drop could not.
func (s *Spool) sweep() error {
	names := s.litter
	s.litter = nil
	for i, name := range names {
		if s.swap != nil && name == s.swap.old+nextSuffix {
			continue
		}
		err := s.drop(name)
		if err == nil && strings.HasSuffix(name, goneSuffix) {
			err = s.syncDir()
		}
		if err != nil { // the rest in its order, another time
			s.litter = append(s.litter, names[i+1:]...)
			return err
		}
	}
	return nil
}

// finish carries out steps 3 to 6. It can be repeated, and without a swap it only clears away.
func (s *Spool) finish() error {
	if err := s.sweep(); err != nil {
		return err
	}
	w := s.swap
	if w == nil {
		return nil
	}
	if w.mayLeave && !w.asked {
		if w.left == nil {
			return errors.New("a replacement waits for FinishReplace")
		}
		if err := w.left([]envelope.ID{w.batch}); err != nil {
			return fmt.Errorf("note what the collector is to erase: %w", err)
		}
		w.asked = true
	}
	path := filepath.Join(s.dir, w.old)
	if err := s.unlinkOld(w.old); err != nil {
		return err
	}
	if err := forgive(s.fs.Rename(path+nextSuffix, filepath.Join(s.dir, w.name+heldSuffix))); err != nil {
		return err
	}
	if err := s.syncDir(); err != nil {
		return err
	}
	s.swap = nil
	if s.gone == nil {
		s.gone = map[envelope.ID]bool{}
	}
	s.gone[w.batch] = true // what the collector still says of it is taken in silence
	sequence, batch, _, _ := parseName(w.name + heldSuffix)
	s.held = append(s.held, entry{name: w.name, batch: batch, sequence: sequence, device: w.link.device, consent: w.consent, at: time.Now(), size: w.size, span: w.span})
	s.stats.Sealed += w.destroyed
	s.stats.Destroyed += w.destroyed
	return s.writeChain()
}

// unlinkOld unlinks a box that a tombstone stands for, held or sent.
func (s *Spool) unlinkOld(name string) error {
	for _, suffix := range []string{heldSuffix, sentSuffix} {
		if err := forgive(s.fs.Remove(filepath.Join(s.dir, name+suffix))); err != nil {
			return err
		}
	}
	s.dropSpan(name)
	return nil
}

// FinishReplace ends what the last agent began; left is as in Replace. Without anything to end it does nothing.
func (s *Spool) FinishReplace(left func([]envelope.ID) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.swap == nil {
		return nil
	}
	s.swap.left = left
	if err := s.finish(); err != nil {
		return s.stop(err)
	}
	return nil
}

// resumeSwap finds what a crash left of replacements: without a tombstone the old box counts, with one it does not.
func (s *Spool) resumeSwap(found *scan, r *Report) {
	gone := map[string]bool{}
	for _, info := range found.gone {
		gone[strings.TrimSuffix(info.Name, goneSuffix)] = true
		if sequence, _, _, ok := parseName(strings.TrimSuffix(info.Name, goneSuffix) + heldSuffix); ok {
			found.damaged = append(found.damaged, sequence) // the number is given
		}
	}
	waits := map[string]bool{}
	for _, info := range found.next {
		name := strings.TrimSuffix(info.Name, nextSuffix)
		if !gone[name] {
			if err := s.fs.Remove(filepath.Join(s.dir, info.Name)); err != nil {
				r.Stuck++
			}
			continue
		}
		waits[name] = true
		s.resume(name, info, found, r)
	}
	counts := func(suffix string) func(FileInfo) bool {
		return func(info FileInfo) bool {
			name := strings.TrimSuffix(info.Name, suffix)
			if gone[name] && !waits[name] && s.unlinkOld(name) != nil {
				r.Stuck++
			}
			return gone[name]
		}
	}
	found.held = slices.DeleteFunc(found.held, counts(heldSuffix))
	found.held = slices.DeleteFunc(found.held, func(info FileInfo) bool { // finish puts it there
		return s.swap != nil && info.Name == s.swap.name+heldSuffix
	})
	found.sent = slices.DeleteFunc(found.sent, counts(sentSuffix))
}

// resume takes up one replacement after step 2. A second one, which no agent leaves, waits for the next start.
func (s *Spool) resume(name string, info FileInfo, found *scan, r *Report) {
	if s.swap != nil {
		return
	}
	raw, err := s.fs.Read(filepath.Join(s.dir, info.Name), envelope.MaxSize+1)
	var box envelope.Box
	if err == nil {
		box, err = envelope.Parse(raw)
	}
	if err != nil {
		s.setAsideAtStart(info, err.Error(), found, r)
		return
	}
	h := box.Header()
	_, batch, _, _ := parseName(name + heldSuffix)
	s.swap = &swap{
		old: name, batch: batch, mayLeave: true, name: boxName(h.Sequence, h.Batch), consent: h.Consent, size: info.Size,
		span: s.readSpan(boxName(h.Sequence, h.Batch), info.At), link: link{device: h.Device, sequence: h.Sequence, digest: box.Digest()},
	}
	r.Replacing = true
}

// dropSwap destroys both boxes of a replacement that could not be finished.
func (s *Spool) dropSwap() error {
	w := s.swap
	err := errors.Join(s.unlinkOld(w.old), forgive(s.fs.Remove(filepath.Join(s.dir, w.old+nextSuffix))))
	if err == nil {
		s.dropSpan(w.name)
		s.swap = nil
	}
	return err
}

// forgive takes it that a file is away already.
func forgive(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
