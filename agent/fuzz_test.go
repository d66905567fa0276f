package main

import (
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// FuzzAnswers: whatever a person types, at a question or behind a flag, is understood within its bounds or refused.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{"09:00-17:30", "24:00-24:00", "all", "pointer, frames", "20MB", "1e300GB", "NaNMB", "-1B", "22:00-06:00", "any", "24h", "-1ns", "start",
		"30d", "99999999999d", "drop-oldest", "14:00", "2026-01-02T15:04", "2026-01-02T15:04:05Z", "infMB", "0x1p-2KiB"} {
		f.Add(s)
	}
	asked := []*pb.Hours{{Weekdays: []uint32{1, 2}, StartSecond: 0, EndSecond: 86400}, {Weekdays: []uint32{2}, StartSecond: 5, EndSecond: 6}}
	now := time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if hours, err := readHours(s, asked); err == nil {
			for _, h := range hours {
				if h.GetEndSecond() <= h.GetStartSecond() || h.GetEndSecond() > 86400 || len(h.GetWeekdays()) == 0 {
					t.Errorf("%q: %v", s, h)
				}
			}
		}
		if c, err := parseClasses(s); err == nil && c == (policy.Classes(0)) {
			t.Errorf("%q: no class", s)
		}
		if n, err := parseBytes(s); err == nil && (n < 0 || n > 1e15) {
			t.Errorf("%q: %d bytes", s, n)
		}
		if h, err := parseSpan(s); err == nil && h != nil && (h.From == h.Until || h.From < 0 || h.Until < 0 || h.From >= 1440 || h.Until >= 1440) {
			t.Errorf("%q: %+v", s, h)
		}
		if d, err := parseHold(s); err == nil && d != nil && (*d < 0 || *d > keystore.LongestHold) {
			t.Errorf("%q: %v", s, *d)
		}
		if n, err := parseDays(s); err == nil && (n < 1 || n > 36500) {
			t.Errorf("%q: %d days", s, n)
		}
		if at, err := readTime(s, now); err == nil && (at.Second() != 0 || at.Nanosecond() != 0) && len(s) < len("2026-01-02T15:04:05Z") {
			t.Errorf("%q: seconds that nobody typed: %v", s, at)
		}
	})
}
