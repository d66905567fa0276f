package review

import (
	"fmt"
	"net/http"
	"time"
)

// Use is what the agent used today, and what it may.
type Use struct {
	Running     bool
	Bytes, Most int64  // that left today, and that may leave a day
	Why         string // why nothing more may leave now; empty: it may
	Power       string // what the computer says of its energy and network
	CPU, Since  time.Duration
	Held, Sent  int
	HeldBytes   int64
	SentBytes   int64
	Quota       int64
	Limits      []Fact
	History     []Event
}

// Fact is a label with what it is.
type Fact struct{ Label, Text string }

// Event is one thing that the person decided, or that happened to what they decided.
type Event struct {
	At      time.Time
	What    string
	More    string // what was agreed, in words
	Receipt string // its name; empty: there is none
}

// Reads are who read what was sent, one sentence each, and what does not fit the ledger.
type Reads struct{ Lines, Wrong []string }

// using is the page of use and history.
type using struct {
	Use
	Reads Reads
	Known bool   // somebody here knows the reads
	Blind string // why they are not known, if that was tried
}

// Share is how much of the day's bytes is used, in hundredths.
func (u using) Share() int64 {
	if u.Most <= 0 {
		return 0
	}
	return min(u.Bytes*100/u.Most, 100)
}

// Percent is the processor time since the start, of one processor.
func (u using) Percent() string {
	if u.Since <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f", 100*u.CPU.Seconds()/u.Since.Seconds())
}

func (s *server) use(w http.ResponseWriter, r *http.Request) {
	var u using
	if s.opt.Desk.Use != nil {
		use, err := s.opt.Desk.Use(r.Context())
		if err != nil {
			s.trouble(w, err)
			return
		}
		u.Use = use
	}
	if s.opt.Desk.Reads != nil {
		reads, err := s.opt.Desk.Reads(r.Context())
		u.Reads, u.Known = reads, err == nil
		if err != nil {
			u.Blind = err.Error()
		}
	}
	s.say(w, http.StatusOK, "use", u)
}
