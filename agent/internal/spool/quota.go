package spool

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/byleave/byleave/proto/envelope"
)

// ErrFull: the space that the person allows is used up, and nothing may be destroyed for more. Recording stays refused until Retry
// finds room; nothing that was taken is lost.
var ErrFull = errors.New("the space that you allow for recording is used up; let boxes leave, or raise it with `byleave limit --quota`")

// Quota is the person's rule for the space of all boxes here: held, sent and set aside. The zero Quota is no limit.
type Quota struct {
	Bytes      int64
	DropOldest bool // where copies are not enough: destroy the oldest unsent boxes, instead of stopping
}

// Limit makes q the rule from the next batch on.
func (s *Spool) Limit(q Quota) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = q
}

// makeRoom finds room for one more box of any size before a batch begins, so that what was taken can always be stored: first the
// oldest copies of what was sent go, then, if the person wants that, the oldest unsent boxes. Both are counted. Else it is ErrFull.
func (s *Spool) makeRoom() error {
	if s.quota.Bytes <= 0 {
		return nil
	}
	over := s.stats.SentBytes + s.stats.QuarantinedBytes + envelope.MaxSize - s.quota.Bytes
	for _, e := range s.held {
		over += e.size
	}
	if over <= 0 {
		return nil
	}
	over, err := s.evictSent(over)
	if err == nil && over > 0 && s.quota.DropOldest {
		over, err = s.dropHeld(over)
	}
	if err != nil {
		return s.stop(err)
	}
	if over > 0 {
		if s.trouble == nil {
			s.log.Warn("recording stops: the space that the person allows is used up", "held", len(s.held))
			s.trouble = ErrFull
		}
		return s.trouble
	}
	return nil
}

// evictSent unlinks the oldest copies until over bytes are free; it returns how many still are not.
func (s *Spool) evictSent(over int64) (int64, error) {
	sent, _, err := s.listSent()
	if err != nil {
		return over, err
	}
	n := 0
	for _, info := range sent {
		if over <= 0 {
			break
		}
		if err := s.unlink(strings.TrimSuffix(info.Name, sentSuffix), sentSuffix); err != nil {
			return over, fmt.Errorf("remove an old copy: %w", err)
		}
		n++
		over -= info.Size
		s.stats.Sent--
		s.stats.SentBytes -= info.Size
	}
	s.stats.Evicted += n
	if n == 0 {
		return over, nil
	}
	s.log.Info("old copies made room for what is recorded", "copies", n)
	return over, s.syncDir()
}

// dropHeld unlinks the oldest unsent boxes until over bytes are free. They are counted durably before they go, so that no crash
// destroys one in silence.
func (s *Spool) dropHeld(over int64) (int64, error) {
	n, left := 0, over
	for ; n < len(s.held) && left > 0; n++ {
		left -= s.held[n].size
	}
	if n == 0 {
		return over, nil
	}
	if err := s.write(droppedName, "", encodeDropped(s.stats.Dropped+n)); err != nil {
		return over, err
	}
	s.stats.Dropped += n
	for range n {
		if err := s.destroyHeldBox(s.held[0]); err != nil {
			return over, fmt.Errorf("drop the oldest box: %w", err)
		}
	}
	s.log.Warn("unsent boxes were destroyed for lack of space, as the person wishes", "boxes", n)
	return left, s.syncDir()
}

func encodeDropped(n int) []byte { return sum(fmt.Sprintf("byleave dropped 1\ncount %d\n", n)) }

// readDropped reads how many unsent boxes the rule has ever destroyed; a damaged count is set aside and begins anew.
func (s *Spool) readDropped(found *scan, r *Report) {
	if found.dropped == nil {
		return
	}
	var n int
	b, err := s.fs.Read(filepath.Join(s.dir, droppedName), maxMark)
	if err == nil {
		_, err = fmt.Sscanf(string(b), "byleave dropped 1\ncount %d\n", &n)
	}
	if err != nil || n < 0 || string(encodeDropped(n)) != string(b) {
		s.setAsideAtStart(*found.dropped, "the count of dropped boxes is damaged", found, r)
		return
	}
	s.stats.Dropped = n
}
