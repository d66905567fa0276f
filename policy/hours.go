package policy

import (
	"slices"
	"time"

	"github.com/byleave/byleave/proto/pb"
)

const day = 86400

// span is a part of one local day in seconds of the clock on the wall: start inclusive, end exclusive.
type span struct{ start, end uint32 }

// week holds the spans of each weekday (0 is Sunday), sorted, disjoint, with a gap of at least a second between two.
// It is read against the clock on the wall, so that 9:00 stays 9:00 when summer time begins; an hour that the clock shows
// twice is in the week twice. The zero week holds no hour.
type week [7][]span

// newWeek joins validated hours.
func newWeek(list []*pb.Hours) week {
	var w week
	for _, h := range list {
		for _, d := range h.GetWeekdays() {
			w[d] = append(w[d], span{h.GetStartSecond(), h.GetEndSecond()})
		}
	}
	for d := range w {
		w[d] = join(w[d])
	}
	return w
}

func join(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return int(a.start) - int(b.start) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && s.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, s.end)
			continue
		}
		out = append(out, s)
	}
	return out
}

// meet returns the hours that are in both.
func (w week) meet(o week) week {
	var out week
	for d := range w {
		for _, a := range w[d] {
			for _, b := range o[d] {
				if s := (span{max(a.start, b.start), min(a.end, b.end)}); s.start < s.end {
					out[d] = append(out[d], s)
				}
			}
		}
		out[d] = join(out[d])
	}
	return out
}

// within tells whether every second of w is in o.
func (w week) within(o week) bool {
	for d := range w {
		for _, s := range w[d] {
			if !slices.ContainsFunc(o[d], func(t span) bool { return t.start <= s.start && s.end <= t.end }) {
				return false
			}
		}
	}
	return true
}

// empty tells whether there is no hour at all.
func (w week) empty() bool { return w.within(week{}) }

// has tells whether the clock on the wall, in t's own zone, stands within the week.
func (w week) has(t time.Time) bool {
	hour, minute, second := t.Clock()
	now := uint32(hour*3600 + minute*60 + second)
	for _, s := range w[t.Weekday()] {
		if s.start <= now && now < s.end {
			return true
		}
	}
	return false
}

// next is the first instant after t at which has changes its answer; the zero time if that never happens.
// The pattern repeats weekly; nine days cover a week and any change of the clock in it.
func (w week) next(t time.Time) time.Time {
	now := w.has(t)
	limit := t.AddDate(0, 0, 9)
	for from := t; from.Before(limit); {
		_, stop := from.ZoneBounds()
		if stop.IsZero() || stop.After(limit) {
			stop = limit
		}
		for _, c := range append(w.edges(from, stop), stop) {
			if w.has(c) != now {
				return c
			}
		}
		from = stop
	}
	return time.Time{}
}

// edges lists, in order, the starts and ends of spans after from and before stop, between which the offset of the zone
// does not change.
func (w week) edges(from, stop time.Time) []time.Time {
	_, offset := from.Zone()
	shown := from.Unix() + int64(offset)
	var out []time.Time
	for midnight := floorDay(shown); midnight-int64(offset) < stop.Unix(); midnight += day {
		weekday := ((midnight/day+4)%7 + 7) % 7 // 1 January 1970 was a Thursday
		for _, s := range w[weekday] {
			for _, edge := range [2]uint32{s.start, s.end} {
				at := midnight + int64(edge) - int64(offset)
				if at > from.Unix() && at < stop.Unix() {
					out = append(out, time.Unix(at, 0).In(from.Location()))
				}
			}
		}
	}
	return out
}

func floorDay(s int64) int64 {
	if s < 0 {
		return -((-s + day - 1) / day) * day
	}
	return s / day * day
}
