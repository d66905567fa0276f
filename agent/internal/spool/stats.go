package spool

import "time"

// Stats is what the spool holds and has done. Counts of the first group are of files, of the second since Open.
type Stats struct {
	Held, Sent, Quarantined                int
	HeldBytes, SentBytes, QuarantinedBytes int64
	Waiting                                int       // sealed boxes that wait for Retry: in RAM, or in the place of one that was cut
	Oldest                                 time.Time // when the oldest held box was sealed; zero if none is held
	Released                               int       // held boxes that may leave before their hold has passed
	Trouble                                error     // why nothing is recorded; nil if all is well

	Events             int   // appended
	Sealed             int   // boxes
	Destroyed, Pruned  int   // boxes
	Evicted            int   // copies of sent boxes that made room; see Quota
	Dropped            int   // unsent boxes that the person's rule destroyed, ever
	Raw                int64 // bytes of payloads before compression
	Compressed, Padded int64 // the same after compression, and as boxes
}

// sealed counts a box that was sealed and got a file of that size.
func (st *Stats) sealed(p *sealed, size int64) {
	st.Sealed++
	st.Raw += int64(p.raw)
	st.Compressed += int64(p.compressed)
	st.Padded += size
}

// Stats counts.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.stats
	st.Held, st.Trouble = len(s.held), s.trouble
	if len(s.held) > 0 {
		st.Oldest = s.held[0].at
	}
	for _, e := range s.held {
		st.HeldBytes += e.size
		if e.released {
			st.Released++
		}
	}
	if s.pending != nil {
		st.Waiting++
	}
	if s.swap != nil {
		st.Waiting++
	}
	return st
}
