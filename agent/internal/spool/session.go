package spool

import (
	"errors"
	"path/filepath"
	"time"
)

// readSession finds out how the last agent ended. The mark stays until an agent ends cleanly, and keeps its time until then: if
// this agent dies before the report's gap is durable, the next one reports the same time again.
func (s *Spool) readSession(found *scan, mark chainMark, now time.Time, r *Report) {
	since := now
	if found.session != nil {
		var ok bool
		if since, ok = s.lastDurable(found, mark, now); ok {
			r.Lost = Lost{From: since, Until: now}
			return
		}
		r.Lost = Lost{From: since, Until: now}
	}
	if err := s.write(sessionName, "", encodeSession(since)); err != nil {
		r.Trouble = errors.Join(r.Trouble, s.stop(err))
	}
}

// lastDurable is the latest time up to which everything is known to be durable: the last cut, or the start of the session. ok
// tells whether the session mark itself is whole.
func (s *Spool) lastDurable(found *scan, mark chainMark, now time.Time) (since time.Time, ok bool) {
	b, err := s.fs.Read(filepath.Join(s.dir, sessionName), maxMark)
	if err == nil {
		since, ok = decodeSession(b)
	}
	times := []time.Time{mark.cut}
	for _, e := range s.held {
		times = append(times, e.at)
	}
	for _, info := range found.sent {
		times = append(times, info.At)
	}
	for _, t := range times {
		if t.After(since) {
			since = t
		}
	}
	if since.IsZero() || since.After(now) {
		return now, ok
	}
	return since, ok
}
