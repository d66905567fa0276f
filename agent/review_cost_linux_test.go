package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/proto/pb"
	"github.com/chromedp/chromedp"
)

// noise is a picture that no compressor makes small, so that a box has the size of real ones.
func noise(seed uint64) *pb.Frame {
	rnd := rand.New(rand.NewPCG(seed, 1))
	img := image.NewGray(image.Rect(0, 0, 240, 100))
	for i := range img.Pix {
		img.Pix[i] = byte(rnd.Uint32())
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b.Bytes())
	return &pb.Frame{Sha256: sum[:], Width: 240, Height: 100, Format: "png", Image: b.Bytes(), Mask: "2"}
}

// fill seals that many boxes of 50 actions and six pictures each, over twenty days.
func (r *recording) fill(boxes int) {
	var pool []*pb.Frame
	for i := range 32 {
		pool = append(pool, noise(uint64(i)))
	}
	perDay := max(1, boxes/20)
	for i := range boxes {
		day := time.Now().AddDate(0, 0, i/perDay-boxes/perDay-1)
		at := time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, time.Local).Add(time.Duration(i%perDay) * 90 * time.Second)
		p := payload(at, byte(i/perDay))
		for k := range 6 {
			p.Frames = append(p.Frames, pool[(i*5+k)%len(pool)])
		}
		for k := range 50 {
			a := typed("editor", "quarterly report", fmt.Sprintf("line %d of box %d about the weather and the harbour", k, i))
			if k%8 == 0 {
				f := p.Frames[k/8%6]
				a = &pb.Action{Kind: pb.Kind_KIND_CLICK, Window: window("files", "folder"), At: &pb.Point{X: int32(k), Y: 9}, Before: &pb.FrameRef{Sha256: f.Sha256, Proof: "damage"}}
			}
			if i == boxes/2 && k == 25 {
				a = typed("editor", "quarterly report", "the one pelican")
			}
			add(p, float64(k), a)
		}
		r.box(p, i < boxes-40)
	}
}

// processor is what this process has used of the processor.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestReviewCost measures the review page in Chromium. make bench-review keeps the figures of 100,000 actions; make test only proves
// that it measures.
func TestReviewCost(t *testing.T) {
	boxes, dir := 60, t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		boxes, dir = 2000, "../bench/out"
	}
	p := newPerson(t)
	p.record().fill(boxes)
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address), press("What was recorded"), chromedp.SendKeys(chromedp.CSS("#secret"), passphrase))
	derived := processor(t)
	_ = p.mine() // what deriving the key costs, and reading the names meanwhile
	derived = processor(t) - derived
	used := processor(t)
	do(t, ctx, press("Open"))
	begun := time.Now()
	const painted = `new Promise(done => { const see = () => { const p = performance.getEntriesByName("first-contentful-paint")[0];
		p ? done(p.startTime - (%s)) : setTimeout(see, 5) }; see() })`
	paint := func(since string) float64 {
		t.Helper()
		ms, err := chromedp.Run(ctx, chromedp.Evaluate[float64](fmt.Sprintf(painted, since), chromedp.EvalAwaitPromise))
		must(t, err)
		return ms
	}
	first := paint(`performance.getEntriesByType("navigation")[0].redirectEnd`) // from when the passphrase was accepted
	used = processor(t) - used - derived
	if n := evaluate[int](t, ctx, `document.querySelectorAll(".rows > li").length`); n < 80 {
		t.Fatalf("%d actions on the first page", n)
	}
	for strings.Contains(text(t, ctx), "Still opening") {
		do(t, ctx, chromedp.Reload())
	}
	complete := time.Since(begun)
	do(t, ctx, chromedp.SendKeys(chromedp.CSS("input[name=words]"), "pelican"), press("Look"))
	search := paint("0")
	if shown := text(t, ctx); !strings.Contains(shown, "the one pelican") || !strings.Contains(shown, "1 match") {
		t.Fatalf("the search finds:\n%s", shown)
	}
	n := fmt.Sprintf(", %d actions", boxes*50)
	must(t, report.Write(os.Stdout, dir, "review", []report.Figure{
		{What: "first paint of the newest day, from the accepted passphrase" + n, Value: first, Unit: "ms", Goal: 300, Better: report.Lower},
		{What: "processor time of the page's program until then, without deriving the key and reading the names" + n, Value: used.Seconds() * 1000, Unit: "ms", Goal: 300, Better: report.Lower},
		{What: "index complete in RAM" + n, Value: complete.Seconds(), Unit: "s", Goal: 10, Better: report.Lower},
		{What: "search, from the press to the paint" + n, Value: search, Unit: "ms", Goal: 200, Better: report.Lower},
	}))
}
