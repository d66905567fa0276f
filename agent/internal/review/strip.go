package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/policy"
)

// slots is how many parts a day has on the strip: five minutes each.
const slots = 288

// strip is the day by kind of data, as a drawing and in words.
type strip struct {
	Rows  []lane
	Hours []tick
}

// lane is one kind of data.
type lane struct {
	Name, Words string
	Class       policy.Class // 0: time that was not recorded
	Runs        []run
	Switch      switched
}

// run is a part of the day without a pause of five minutes.
type run struct{ X, W int }

// tick is an hour on the strip.
type tick struct {
	X     int
	Words string
}

const slotWidth = 3

// stripOf draws a day from what is read of it.
func stripOf(date string, boxes []*opened) *strip {
	start, err := time.ParseInLocation(dayForm, date, time.Local)
	if err != nil {
		return nil
	}
	classes := append(kinds(), 0)
	marks := make(map[policy.Class]*[slots]bool, len(classes))
	counts := map[policy.Class]int{}
	for _, c := range classes {
		marks[c] = new([slots]bool)
	}
	for _, o := range boxes {
		if !isReady(o) {
			continue
		}
		for _, r := range o.rows {
			for _, c := range classes {
				if c == 0 && r.IsGap() || c != 0 && r.classes.Has(c) {
					mark(marks[c], start, r.at, r.until)
					counts[c]++
				}
			}
		}
	}
	s := &strip{}
	for _, c := range classes {
		l := lane{Name: cmp.Or(short(c), "Gaps"), Class: c, Runs: runs(marks[c])}
		l.Words = inWords(l.Runs, counts[c])
		s.Rows = append(s.Rows, l)
	}
	for h := 0; h <= 24; h += 6 {
		s.Hours = append(s.Hours, tick{h * 12 * slotWidth, fmt.Sprintf("%02d:00", h)})
	}
	return s
}

// mark sets the slots of a time. Where the clock was changed that day a slot is an hour off, as the clock was.
func mark(m *[slots]bool, start, from, until time.Time) {
	place := func(t time.Time) int {
		l := t.Local()
		if l.Before(start) {
			return 0
		}
		if l.YearDay() != start.YearDay() || l.Year() != start.Year() {
			return slots - 1
		}
		return (l.Hour()*60 + l.Minute()) / 5
	}
	for i := place(from); i <= place(until); i++ {
		m[i] = true
	}
}

func runs(m *[slots]bool) (out []run) {
	for i := 0; i < slots; i++ {
		if !m[i] {
			continue
		}
		j := i
		for j < slots && m[j] {
			j++
		}
		out = append(out, run{i * slotWidth, (j - i) * slotWidth})
		i = j
	}
	return out
}

// inWords says the same as the drawing.
func inWords(rs []run, n int) string {
	if n == 0 {
		return "none"
	}
	at := func(x int) string { return fmt.Sprintf("%02d:%02d", x/slotWidth/12, x/slotWidth%12*5) }
	var parts []string
	for _, r := range slices.Clone(rs[:min(len(rs), 6)]) {
		parts = append(parts, at(r.X)+" to "+at(r.X+r.W))
	}
	if more := len(rs) - len(parts); more > 0 {
		parts = append(parts, policy.Count(more, "more time"))
	}
	return fmt.Sprintf("%d, %s", n, strings.Join(parts, ", "))
}
