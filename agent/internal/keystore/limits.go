package keystore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

const (
	limitsFile = "limits"
	dayFile    = "sent-today"
	dayFormat  = "2006-01-02"
)

// Usual is what counts where the person set no limit.
const (
	UsualKeepDays  = 30
	UsualKeepBytes = 2 << 30
	UsualQuota     = 4 << 30
)

// LongestHold bounds how long a person can keep boxes back: after that the disk, not the person, would decide.
const LongestHold = 7 * 24 * time.Hour

// Limits are what the person allows on their own computer and line. A zero field means what is usual. Nothing that an operator
// sends changes them; where a policy is tighter, the policy counts.
type Limits struct {
	BytesPerDay int64          `json:"bytes_per_day,omitempty"` // 0: as the policy says
	Rate        int64          `json:"rate,omitempty"`          // bytes a second; 0: as fast as the line is
	OnlyOn      string         `json:"only_on,omitempty"`       // the network's name; "": any
	Hours       *Hours         `json:"hours,omitempty"`         // nil: at any time
	MainsOnly   bool           `json:"mains_only,omitempty"`
	Hold        *time.Duration `json:"hold,omitempty"` // nil: as the agent was started
	KeepDays    int            `json:"keep_days,omitempty"`
	KeepBytes   int64          `json:"keep_bytes,omitempty"`
	Quota       int64          `json:"quota,omitempty"`       // of all boxes here
	DropOldest  bool           `json:"drop_oldest,omitempty"` // when it is used up: destroy what is oldest and unsent, instead of stopping
}

// Hours is a part of the local day, in minutes from midnight. Until before From means past midnight.
type Hours struct {
	From  int `json:"from"`
	Until int `json:"until"`
}

// Keep is how long and how much of the person's own copies stays.
func (l Limits) Keep() (days int, bytes int64) {
	days, bytes = UsualKeepDays, UsualKeepBytes
	if l.KeepDays > 0 {
		days = l.KeepDays
	}
	if l.KeepBytes > 0 {
		bytes = l.KeepBytes
	}
	return days, bytes
}

// Room is how many bytes all boxes here may have.
func (l Limits) Room() int64 {
	if l.Quota > 0 {
		return l.Quota
	}
	return UsualQuota
}

// SaveLimits stores the person's limits.
func (s *Store) SaveLimits(l Limits) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode the limits: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(limitsFile, append(b, '\n'))
}

// Limits returns the person's limits, the zero ones if they set none. With an error nobody knows them, and nothing may be sent.
func (s *Store) Limits() (Limits, error) {
	b, err := s.read(limitsFile)
	if err != nil || b == nil {
		return Limits{}, err
	}
	var l Limits
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields() // a limit that this version does not know would not be kept
	if err := dec.Decode(&l); err != nil {
		return Limits{}, fmt.Errorf("your limits: %w; set them again with `byleave limit --reset` and what you want", ErrDamaged)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Limits{}, fmt.Errorf("your limits: %w; set them again with `byleave limit --reset` and what you want", ErrDamaged)
	}
	return l, nil
}

// SaveDay stores how many bytes were sent on a day, before they are.
func (s *Store) SaveDay(day string, sent int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(dayFile, fmt.Appendf(nil, "%s %d\n", day, sent))
}

// Day returns the last day on which something was sent, and how many bytes; "" if nothing ever was. A count that cannot be read
// is an error, and then more than any budget.
func (s *Store) Day() (day string, sent int64, err error) {
	b, err := s.read(dayFile)
	if err != nil {
		return "", math.MaxInt64, err
	}
	if b == nil {
		return "", 0, nil
	}
	if _, err := fmt.Sscanf(string(b), "%s %d\n", &day, &sent); err == nil && sent >= 0 {
		if _, err := time.Parse(dayFormat, day); err == nil && strings.Count(string(b), "\n") == 1 {
			return day, sent, nil
		}
	}
	return "", math.MaxInt64, fmt.Errorf("the count of what was sent today: %w", ErrDamaged)
}
