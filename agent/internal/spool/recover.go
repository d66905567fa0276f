package spool

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// farthest is how far beyond the chain mark a file's number may lie. In truth it is one; more is a restored folder, and a number
// out of this range is a made-up one that must not use the numbers up.
const farthest = 1 << 20

// maxMark bounds how much of a mark is read.
const maxMark = 1 << 10

// recover finds the newest box of each device. The chain mark is at most one box behind, so it leads, and only files beyond it are
// read; if it is missing or damaged, every file is looked at.
func (s *Spool) recover(found *scan, r *Report) chainMark {
	mark, ok := s.readChain(found, r)
	if ok {
		for device, l := range s.links {
			if device == mark.device && l.sequence > mark.sequence+farthest {
				delete(s.links, device)
			}
		}
		if s.links[mark.device].sequence <= mark.sequence {
			s.links[mark.device] = mark.link
		}
	}
	s.readSent(found, mark, r)
	current := mark.device
	if !ok {
		current = s.newestDevice(*found)
	}
	s.last = s.links[current]
	s.skipDamaged(found.damaged)
	if s.last != mark.link {
		r.Trouble = s.writeChain()
	}
	return mark
}

// readChain reads the file chain; a damaged one is set aside.
func (s *Spool) readChain(found *scan, r *Report) (chainMark, bool) {
	if found.chain == nil {
		return chainMark{}, false
	}
	b, err := s.fs.Read(filepath.Join(s.dir, chainName), maxMark)
	if err == nil {
		if mark, ok := decodeChain(b); ok {
			s.marked = mark.link
			return mark, true
		}
	}
	s.setAsideAtStart(*found.chain, "the chain mark is damaged", found, r)
	return chainMark{}, false
}

// readSent looks at the headers of the person's copies whose number lies beyond what is known, newest first, and reads whole
// only those that count.
func (s *Spool) readSent(found *scan, mark chainMark, r *Report) {
	slices.SortFunc(found.sent, func(a, b FileInfo) int { return cmp.Compare(b.Name, a.Name) })
	kept := found.sent[:0:0]
	for _, info := range found.sent {
		sequence, batch, _, _ := parseName(info.Name)
		if sequence > mark.sequence && (mark.sequence == 0 || sequence-mark.sequence <= farthest) {
			if err := s.learn(info.Name, sequence, batch); err != nil {
				s.setAsideAtStart(info, err.Error(), found, r)
				continue
			}
		}
		kept = append(kept, info)
	}
	found.sent = kept
}

// learn remembers a copy if it is its device's newest box.
func (s *Spool) learn(name string, sequence uint64, batch envelope.ID) error {
	head, err := s.fs.Read(filepath.Join(s.dir, name), envelope.HeaderSize)
	if err != nil {
		return err
	}
	h, err := envelope.PeekHeader(head)
	if err != nil {
		return err
	}
	if l, ok := s.links[h.Device]; ok && sequence <= l.sequence {
		return nil
	}
	box, err := s.readBox(name, sequence, batch)
	if err != nil {
		return err
	}
	s.known(link{device: box.Header().Device, sequence: sequence, digest: box.Digest()})
	return nil
}

// known remembers the newest box of each device.
func (s *Spool) known(l link) {
	if have, ok := s.links[l.device]; !ok || l.sequence > have.sequence {
		s.links[l.device] = l
	}
}

// newestDevice is whose box is the youngest by its file's time; it is asked only if the chain mark is lost.
func (s *Spool) newestDevice(found scan) envelope.ID {
	var device envelope.ID
	var at time.Time
	for _, e := range s.held {
		if e.at.After(at) {
			device, at = e.device, e.at
		}
	}
	for _, info := range found.sent {
		if !info.At.After(at) {
			continue
		}
		if head, err := s.fs.Read(filepath.Join(s.dir, info.Name), envelope.HeaderSize); err == nil {
			if h, err := envelope.PeekHeader(head); err == nil {
				device, at = h.Device, info.At
			}
		}
	}
	return device
}

// skipDamaged passes over the numbers of boxes whose bytes are gone, so that none is given twice. The next box names the last
// one that is known as its previous.
func (s *Spool) skipDamaged(sequences []uint64) {
	slices.Sort(sequences)
	for _, n := range sequences {
		if n > s.last.sequence && n-s.last.sequence <= farthest {
			s.last.sequence = n
		}
	}
	s.links[s.last.device] = s.last
}
