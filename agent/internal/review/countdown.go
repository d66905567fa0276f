package review

import (
	"fmt"
	"time"
)

// moment is what a countdown says from some seconds after the page was drawn on.
type moment struct {
	At    int // seconds
	For   int // seconds until the next one; 0: for good
	Words string
	Gone  int // hundredths of the hold that have passed by then
}

// countdown is all that a page will say until a box may leave, worked out when it is drawn: the browser shows one after the other by its own
// clock, without a script and without asking again. It goes minute by minute in the first half hour and in the last hour, hour by hour
// between them: whoever looks longer than that finds the page closed.
func countdown(b Box, now time.Time) (out []moment) {
	first := b.Leaves.Sub(now).Round(time.Second)
	add := func(left time.Duration, words string) {
		t := moment{At: int((first - left) / time.Second), Words: words, Gone: b.Sealing(b.Leaves.Add(-left))}
		if n := len(out); n > 0 {
			out[n-1].For = t.At - out[n-1].At
		}
		out = append(out, t)
	}
	for left := first; left > 0; {
		step, words := time.Minute, lasted((left-1)/time.Minute*time.Minute+time.Minute)
		switch {
		case left <= time.Minute:
			words = "Less than a minute"
		case left > time.Hour && first-left >= 30*time.Minute:
			step, words = time.Hour, fmt.Sprintf("Less than %d hours", (left-1)/time.Hour+1)
		}
		add(left, words)
		left = (left - 1) / step * step // where the words change
	}
	add(0, "Due now")
	return out
}
