package wire

import "time"

// The system takes bytes over before they are on their way, and says nothing while they are. On a slow line it may take few, so that each few
// that leave are seen to: at 1 KB/s a box takes minutes, and is alive all the time. Each call of it costs, so a line that has shown to be quick
// gets more at once. If such a line falls below some 9 KB/s from one moment to the next, what lies in the system is on its way for longer than
// whoever waits for a sign of life does: it is taken for dead, once, and the next connection begins with care.
const (
	careful = 16 << 10  // bytes that the system may hold
	quick   = 256 << 10 // the same of a quick line
	strides = 3         // in so many parts they are handed over: all that is gathered, with what TLS adds, is one of a quick line

	judged = 1 << 20                // over so many bytes a line is judged,
	within = 500 * time.Millisecond // which on a quick one take no longer than this
	slow   = time.Second            // a single stride of a slow line may take longer
)

// stride is how much the system is handed at once.
type stride struct {
	system interface{ SetWriteBuffer(int) error } // is told how much it may hold; nil: whatever it wants
	most   int                                    // that it may hold now
	bytes  int                                    // since the line was last judged,
	time   time.Duration                          // and how long it took to take them
}

func (s *stride) length() int { return s.most / strides }

func (s *stride) set(most int) error {
	s.bytes, s.time = 0, 0
	if s.most == most {
		return nil
	}
	s.most = most
	if s.system == nil {
		return nil
	}
	return s.system.SetWriteBuffer(most)
}

// took judges the line by how long it took to take n bytes.
func (s *stride) took(n int, d time.Duration) error {
	s.bytes, s.time = s.bytes+n, s.time+d
	switch {
	case d > slow:
		return s.set(careful)
	case s.bytes < judged:
		return nil
	case s.time > within:
		return s.set(careful)
	}
	return s.set(quick)
}
