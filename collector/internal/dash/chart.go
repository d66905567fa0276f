package dash

import (
	"slices"
	"time"
)

const (
	leastDays = 28 // so that a first day does not fill the page
	mostDays  = 90

	slot   = 10 // units of a day in a chart
	gap    = 2  // of them between two bars
	height = 100
)

// Strip is one figure of each day, as bars.
type Strip struct {
	Title, Unit string
	Most        uint64
	Width       int
	Bars        []Bar
}

// Bar is a day of a strip.
type Bar struct {
	X, Y, Width, Height int
	Told                bool // the day has figures
}

// Row is one day of the chart and of its table.
type Row struct {
	Day
	Told bool // of fewer than ten people nothing is told
}

// Rows are the days up to yesterday, oldest first, those without figures among them: from the first day that is told, four weeks at least and
// ninety days at most. No day is told: no rows.
func (v View) Rows() []Row {
	if len(v.Days) == 0 {
		return nil
	}
	end := v.Now.UTC().Truncate(24 * time.Hour)
	if last := v.Days[len(v.Days)-1].Day.AddDate(0, 0, 1); last.After(end) {
		end = last // the collector's clock is ahead of ours
	}
	n := int(end.Sub(v.Days[0].Day).Hours() / 24)
	rows := make([]Row, min(max(n, leastDays), mostDays))
	for i := range rows {
		day := end.AddDate(0, 0, i-len(rows))
		rows[i] = Row{Day: Day{Day: day}}
		if j := slices.IndexFunc(v.Days, func(d Day) bool { return d.Day.Equal(day) }); j >= 0 {
			rows[i] = Row{v.Days[j], true}
		}
	}
	return rows
}

// Newest are the rows from the newest to the oldest.
func (v View) Newest() []Row {
	rows := v.Rows()
	slices.Reverse(rows)
	return rows
}

// Older is how many days that are told come before the chart.
func (v View) Older() (n int) {
	rows := v.Rows()
	for _, d := range v.Days {
		if d.Day.Before(rows[0].Day.Day) {
			n++
		}
	}
	return n
}

// Few is how many days of the chart have no figures.
func (v View) Few() (n int) {
	for _, r := range v.Rows() {
		if !r.Told {
			n++
		}
	}
	return n
}

// Strips are the figures of the days: people, boxes, size.
func (v View) Strips() []Strip {
	rows := v.Rows()
	return []Strip{
		strip("People", "", rows, func(d Day) uint64 { return d.People }),
		strip("Boxes", "", rows, func(d Day) uint64 { return d.Boxes }),
		strip("Size", "MiB", rows, func(d Day) uint64 { return d.MiB }),
	}
}

// strip draws one figure. Each scale begins at zero and ends at the largest day.
func strip(title, unit string, rows []Row, of func(Day) uint64) Strip {
	s := Strip{Title: title, Unit: unit, Width: slot*len(rows) - gap}
	for _, r := range rows {
		s.Most = max(s.Most, of(r.Day))
	}
	for i, r := range rows {
		h := height // a day without figures has the height of the chart, whatever it was
		if r.Told {
			h = 1 // a day that is told is seen
			if s.Most > 0 {
				h = max(1, int(of(r.Day)*height/s.Most))
			}
		}
		s.Bars = append(s.Bars, Bar{X: slot * i, Y: height - h, Width: slot - gap, Height: h, Told: r.Told})
	}
	return s
}
