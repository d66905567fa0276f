package spool

import (
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// NextExcept is Next, but passes over the boxes that skip names: those in flight, and those of a consent that the collector no
// longer takes, which must not hold back the rest.
func (s *Spool) NextExcept(now time.Time, hold time.Duration, skip func(batch, consent envelope.ID) bool) (envelope.Box, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; !s.closed && i < len(s.held); {
		e := &s.held[i]
		if e.at.After(now) {
			e.at = now // sealed while the clock was wrong: the hold counts from here
		}
		if now.Sub(e.at) < hold {
			break
		}
		if skip(e.batch, e.consent) {
			i++
			continue
		}
		box, err := s.readBox(e.name+heldSuffix, e.sequence, e.batch)
		if err == nil {
			return box, true
		}
		if err := s.setAside(i, err.Error()); err != nil {
			s.log.Error("a damaged box cannot be set aside", "cause", err)
			break
		}
	}
	return envelope.Box{}, false
}
