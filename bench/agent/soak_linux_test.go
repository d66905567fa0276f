package agent

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/e2e/stage"
)

// sample is what the agent holds at rest.
type sample struct{ memory, files, threads, goroutines float64 }

// memoryBack is longer than the agent keeps memory after a box.
const memoryBack = 8 * time.Second

// TestSoak plays the actions of eight hours of work, a minute of them after another: as many clicks, scrolls, words, frames, boxes and
// connections, sent to a real collector. What is compressed is the time between actions: a minute's take a second or two, and the box is
// closed by a pause instead of by its age. BYLEAVE_NIGHTLY plays all 480 minutes; else there are too few to say anything of growth.
func TestSoak(t *testing.T) {
	minutes, every, hour := 4, 1, 1
	if os.Getenv("BYLEAVE_NIGHTLY") != "" {
		minutes, every, hour = 8*60, 10, 6
	}
	ctx, s := open(t, stage.Options{})
	check(t, s.Give(ctx, "all"))
	agent, err := s.RunAgent()
	check(t, err)
	t.Cleanup(func() { check(t, agent.Stop()) })
	p, _ := atEditor(ctx, t, s.Desk)
	check(t, s.Until(ctx, "recording", func(st stage.Status) bool { return st.State == "recording" }))
	var all []sample
	sent := 0
	for minute := range minutes {
		p.minute(ctx, t, minute)
		sent = flushThen(ctx, t, s, sent+1, func(st stage.Status) {
			if minute%every < every-1 {
				return
			}
			if every > 1 {
				rest(ctx, t, memoryBack) // else what is seen is how long ago it was last tidied up
			}
			now := rests(t, agent.Pid, st)
			t.Logf("minute %d: %+v", minute+1, now)
			all = append(all, now)
		})
	}
	first, last := all[hour:2*hour], all[len(all)-hour:] // the first hour is for what is filled once
	var figures []report.Figure
	for _, row := range []struct {
		what, unit string
		goal       float64
		of         func(sample) float64
	}{
		{"memory of its own, growth", "MB", 1, func(s sample) float64 { return s.memory / 1e6 }},
		{"descriptors, growth", "", 0, func(s sample) float64 { return s.files }},
		{"threads, growth", "", 4, func(s sample) float64 { return s.threads }},
		{"goroutines, growth", "", 0, func(s sample) float64 { return s.goroutines }},
	} {
		figures = append(figures, report.Figure{What: fmt.Sprintf("soak of %d minutes' actions: %s", minutes, row.what), Unit: row.unit, Goal: row.goal, Better: report.Lower,
			Value: max(median(last, row.of)-median(first, row.of), 0)})
	}
	t.Logf("%d boxes", sent)
	write(t, "soak", figures)
	if minutes < 60 {
		return
	}
	for _, f := range figures {
		if !f.Met() {
			t.Errorf("%s: %.1f %s", f.What, f.Value, f.Unit)
		}
	}
}

// minute does what the load of the budgets does in a minute, without the pauses between.
func (p *person) minute(ctx context.Context, t *testing.T, n int) {
	t.Helper()
	rest(ctx, t, 600*time.Millisecond) // the band after the resume is over
	for i := range 15 {
		x, y := p.area.Min.X+200+(n*15+i)*37%600, p.area.Min.Y+150+(n*15+i)*53%500
		check(t, p.hand.Click(x, y))
		check(t, p.hand.Type(ctx, words[i*5:][:5], 5*time.Millisecond))
		if i%3 == 2 {
			check(t, p.hand.Scroll(x, y, 3-i%2*6))
		}
		rest(ctx, t, 60*time.Millisecond)
	}
	rest(ctx, t, 700*time.Millisecond) // so that the last one is out of the band before the pause
}

// median is of an hour's samples: a single one may be taken in the middle of something.
func median(of []sample, what func(sample) float64) float64 {
	all := make([]float64, len(of))
	for i, s := range of {
		all[i] = what(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// rests is what the agent holds now.
func rests(t *testing.T, pid int, st stage.Status) sample {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	check(t, err)
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	check(t, err)
	memory := 1024 * number(read(t, fmt.Sprintf("/proc/%d/status", pid)), "RssAnon:")
	return sample{float64(memory), float64(len(files)), float64(len(threads)), float64(st.Goroutines)}
}
