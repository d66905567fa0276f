package redact

import (
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/ocr"
	"github.com/byleave/byleave/bench/report"
	"golang.org/x/sys/unix"
)

// TestMasksCost measures what masking a picture costs that was not seen before, and what looking for lines that may be shown costs
// when they were read before. make bench-masks keeps the figures; make test only proves that it measures.
func TestMasksCost(t *testing.T) {
	rounds, dir := 3, t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		rounds, dir = 100, "../../../../bench/out"
	}
	hd := desktop(t)
	uhd := image.NewRGBA(image.Rect(0, 0, 3840, 2160))
	for i := range 4 {
		draw.Draw(uhd, image.Rect(i%2*1920, i/2*1080, 3840, 2160), hd, image.Point{}, draw.Src)
	}
	var figures []report.Figure
	for _, c := range []struct {
		name string
		img  *image.RGBA
		goal float64
	}{{"1920x1080", hd, 15}, {"3840x2160", uhd, 60}} {
		var m masker
		shot := shotOf(c.img)
		m.picture(shot, nil, nil) // its memory
		took, allocs := measured(rounds, func() {
			m.recent.forget()
			if m.picture(shot, nil, nil) == nil {
				t.Fatal("no picture")
			}
		})
		figures = append(figures,
			report.Figure{What: "picture " + c.name + ": mask and encode, CPU p95", Value: p95(took), Unit: "ms", Goal: c.goal, Better: report.Lower},
			report.Figure{What: "picture " + c.name + ": allocations", Value: allocs, Unit: "a picture", Goal: 8, Better: report.Lower})
	}
	figures = append(figures, revealCost(t, shotOf(hd), rounds)...)
	if err := report.Write(os.Stdout, dir, "masks", figures); err != nil {
		t.Fatal(err)
	}
}

// revealCost reads a page as far as the reader's limits allow, then looks at it again.
func revealCost(t *testing.T, shot *raw.Shot, rounds int) []report.Figure {
	path, err := filepath.Abs("../../../../bin/byleave-ocr")
	if err != nil {
		t.Fatal(err)
	}
	reader := ocr.New(path)
	defer reader.Close()
	r := newRedactor(t)
	v := &reveal{reader: reader, ctx: t.Context()}
	if os.Getenv("BYLEAVE_BENCH") == "" {
		v.hurry = func() bool { return len(v.readings) > 3 }
	}
	began := time.Now()
	r.masker.find(shot)
	v.lines(r, shot, reachLines)
	each := time.Since(began).Seconds() * 1e3 / float64(max(1, len(v.readings)))
	again, _ := measured(rounds, func() {
		r.masker.find(shot)
		v.lines(r, shot, reachLines)
	})
	return []report.Figure{
		{What: "clean lines: read one, wall mean", Value: each, Unit: "ms", Goal: 250, Better: report.Lower},
		{What: "clean lines 1920x1080: mask, look for lines, judge those that were read before, CPU p95", Value: p95(again), Unit: "ms", Goal: 60, Better: report.Lower},
	}
}

// measured is the time of a processor that each round took, and the mean of its allocations.
func measured(rounds int, f func()) (took []time.Duration, allocs float64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		from := clock()
		f()
		took = append(took, clock()-from)
	}
	runtime.ReadMemStats(&after)
	return took, float64(after.Mallocs-before.Mallocs) / float64(rounds)
}

func clock() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		panic(err)
	}
	return time.Duration(ts.Nano())
}

func p95(d []time.Duration) float64 {
	slices.Sort(d)
	return d[len(d)*95/100].Seconds() * 1e3
}
