package policy

import (
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"pgregory.net/rapid"
)

var allDays = []uint32{0, 1, 2, 3, 4, 5, 6}

func daily(start, end uint32) week {
	return newWeek([]*pb.Hours{{Weekdays: allDays, StartSecond: start, EndSecond: end}})
}

// In Vienna clocks went from 2:00 to 3:00 on 29 March 2026 and from 3:00 back to 2:00 on 25 October.
func TestHoursFollowTheClockOnTheWall(t *testing.T) {
	utc := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return at.In(vienna)
	}
	tests := []struct {
		name string
		w    week
		at   string
		has  bool
		next string // empty: never
	}{
		{"nine in winter", daily(32400, 61200), "2026-03-28T08:00:00Z", true, "2026-03-28T16:00:00Z"},
		{"nine in summer", daily(32400, 61200), "2026-03-29T07:00:00Z", true, "2026-03-29T15:00:00Z"},
		{"one second before nine", daily(32400, 61200), "2026-03-29T06:59:59Z", false, "2026-03-29T07:00:00Z"},
		{"end is exclusive", daily(32400, 61200), "2026-03-29T15:00:00Z", false, "2026-03-30T07:00:00Z"},
		{"a start that the clock skips", daily(9000, 18000), "2026-03-29T00:59:59Z", false, "2026-03-29T01:00:00Z"},
		{"a span that the clock skips", daily(7200, 10800), "2026-03-29T00:00:00Z", false, "2026-03-30T00:00:00Z"},
		{"an hour shown twice, first", daily(7200, 9000), "2026-10-25T00:10:00Z", true, "2026-10-25T00:30:00Z"},
		{"an hour shown twice, between", daily(7200, 9000), "2026-10-25T00:30:00Z", false, "2026-10-25T01:00:00Z"},
		{"an hour shown twice, second", daily(7200, 9000), "2026-10-25T01:10:00Z", true, "2026-10-25T01:30:00Z"},
		{"through midnight without an edge", daily(0, 86400), "2026-10-24T21:59:59Z", true, ""},
		{"never", week{}, "2026-10-24T21:59:59Z", false, ""},
		{"once a week", newWeek([]*pb.Hours{{Weekdays: []uint32{1}, StartSecond: 0, EndSecond: 60}}), "2026-09-07T10:00:00Z", false, "2026-09-13T22:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at := utc(tt.at)
			if tt.w.has(at) != tt.has {
				t.Errorf("has is %v", !tt.has)
			}
			got := tt.w.next(at)
			if tt.next == "" && !got.IsZero() || tt.next != "" && !got.Equal(utc(tt.next)) {
				t.Errorf("next is %v, want %s", got.UTC(), tt.next)
			}
		})
	}
}

// next against a slow walk, minute by minute, around changes of the clock in three zones.
func TestNextAgainstAWalk(t *testing.T) {
	zones := []*time.Location{vienna, time.UTC}
	for _, name := range []string{"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		l, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, l)
	}
	days := []string{"2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31", "1969-12-30"}
	rapid.Check(t, func(rt *rapid.T) {
		var hours []*pb.Hours
		for range rapid.IntRange(0, 3).Draw(rt, "spans") {
			start := rapid.Uint32Range(0, 1439).Draw(rt, "start") * 60
			end := rapid.Uint32Range(start/60+1, 1440).Draw(rt, "end") * 60
			hours = append(hours, &pb.Hours{Weekdays: pick(rt, "day ", allDays), StartSecond: start, EndSecond: end})
		}
		w := newWeek(hours)
		date, err := time.ParseInLocation(time.DateOnly, rapid.SampledFrom(days).Draw(rt, "date"), rapid.SampledFrom(zones).Draw(rt, "zone"))
		if err != nil {
			rt.Fatal(err)
		}
		at := date.Add(time.Duration(rapid.IntRange(0, 2880).Draw(rt, "minute")) * time.Minute)
		walk := at.Add(time.Minute)
		for w.has(walk) == w.has(at) && walk.Before(at.AddDate(0, 0, 9)) {
			walk = walk.Add(time.Minute)
		}
		got := w.next(at)
		if w.has(walk) == w.has(at) {
			if !got.IsZero() && got.Before(walk) {
				rt.Fatalf("next is %v, a walk finds none", got)
			}
			return
		}
		if !got.Equal(walk) {
			rt.Fatalf("next is %v, a walk finds %v", got, walk)
		}
	})
}

func TestMeetAndWithin(t *testing.T) {
	a := newWeek([]*pb.Hours{{Weekdays: []uint32{1}, StartSecond: 0, EndSecond: 100}, {Weekdays: []uint32{1}, StartSecond: 200, EndSecond: 300}})
	b := newWeek([]*pb.Hours{{Weekdays: []uint32{1, 2}, StartSecond: 50, EndSecond: 250}})
	m := a.meet(b)
	if len(m[1]) != 2 || m[1][0] != (span{50, 100}) || m[1][1] != (span{200, 250}) || m[2] != nil {
		t.Errorf("meet is %v", m)
	}
	if !m.within(a) || !m.within(b) || a.within(b) || b.within(a) || m.empty() || !a.meet(week{}).empty() {
		t.Error("within is wrong")
	}
}

func TestRulesNextEdge(t *testing.T) {
	s := open(t)
	for _, tt := range []struct{ at, want time.Time }{
		{monday, monday.Add(2 * time.Hour)},
		{s.Rules.expires.Add(-time.Second), s.Rules.expires},
		{s.Rules.expires, time.Time{}},
		{s.Rules.given.Add(-time.Second), s.Rules.given},
	} {
		if got := s.Rules.NextEdge(tt.at); !got.Equal(tt.want) {
			t.Errorf("after %v: %v, want %v", tt.at, got, tt.want)
		}
	}
}
