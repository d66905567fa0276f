package capture

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/agent/internal/capture/internal/x11"
	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// TestFramesCost measures what masking and encoding a frame costs, on pictures of real programs at 1920x1080, beside image/png on
// the same pixels. make bench-frames keeps the figures; make test only proves that it measures.
func TestFramesCost(t *testing.T) {
	rounds, dir := 3, t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		rounds, dir = 40, "../../../bench/out"
	}
	var ours, again, best, slow, plain []time.Duration
	var size, sizeBest, sizeSlow, sizePlain, more []int
	for name, shots := range programs(t) {
		shot := shots[0]
		r, err := redact.New(redact.Options{Session: [16]byte{1}})
		if err != nil {
			t.Fatal(err)
		}
		var frame []byte
		apply := func(pix []byte) time.Duration {
			s := raw.Shot{Pix: bytes.Clone(pix), Stride: shot.Stride, Canvas: shot.Canvas, Proof: shot.Proof}
			step := raw.Wrap(raw.Step{Kind: raw.Click, Button: "left", Count: 1, Permit: openPermit(t), Before: &s, NoAfter: "no picture"})
			var events []redact.Event
			took := cpu(func() { events = r.Apply(step) })
			if len(events) != 1 || len(events[0].Frames()) != 1 {
				t.Fatalf("%s: no frame", name)
			}
			frame = events[0].Frames()[0].Image
			return took
		}
		for i := range rounds {
			pix := bytes.Clone(shot.Pix)
			pix[0] ^= byte(1 + i%2) // another picture each time, as far as anybody knows
			ours = append(ours, apply(pix))
			again = append(again, apply(pix))
		}
		size = append(size, len(frame))
		var box []byte
		for i, s := range shots {
			apply(s.Pix)
			if i > 0 {
				more = append(more, packed(t, append(bytes.Clone(box), frame...))-packed(t, box))
				t.Logf("%s: the next picture, alone %d bytes, in the box %d", name, len(frame), more[len(more)-1])
			}
			box = append(box, frame...)
		}
		apply(shot.Pix)
		masked, err := png.Decode(bytes.NewReader(frame))
		if err != nil {
			t.Fatal(err)
		}
		for range rounds {
			best, sizeBest = standard(t, masked, png.BestSpeed, best, sizeBest)
			slow, sizeSlow = standard(t, masked, png.DefaultCompression, slow, sizeSlow)
			plain, sizePlain = standard(t, unmasked(shot), png.BestSpeed, plain, sizePlain)
		}
		t.Logf("%s: %d bytes, image/png %d", name, len(frame), sizeBest[len(sizeBest)-1])
	}
	figures := []report.Figure{
		{What: "frame 1920x1080: mask and encode, CPU p95", Value: p95(ours), Unit: "ms", Goal: 15, Better: report.Lower, Peers: map[string]float64{
			"image/png BestSpeed, masked pixels, no mask": p95(best), "image/png default, masked pixels, no mask": p95(slow), "image/png BestSpeed, RGBA as seen, no mask": p95(plain)}},
		{What: "frame 1920x1080: the same picture again, CPU p95", Value: p95(again), Unit: "ms", Goal: 3, Better: report.Lower},
		{What: "frame 1920x1080: masked, bytes median", Value: float64(median(size)) / 1e3, Unit: "kB", Goal: 25, Better: report.Lower, Peers: map[string]float64{
			"image/png BestSpeed, masked": float64(median(sizeBest)) / 1e3, "image/png default, masked": float64(median(sizeSlow)) / 1e3, "image/png BestSpeed, RGBA as seen": float64(median(sizePlain)) / 1e3}},
		{What: "frame 1920x1080: masked, one more in a box after a word or a click, bytes median", Value: float64(median(more)) / 1e3, Unit: "kB", Goal: 3, Better: report.Lower},
		{What: "the same, the largest", Value: float64(slices.Max(more)) / 1e3, Unit: "kB", Goal: 3, Better: report.Lower},
	}
	if err := report.Write(os.Stdout, dir, "frames", figures); err != nil {
		t.Fatal(err)
	}
}

// packed is how many bytes the pictures of a box take in it.
func packed(t *testing.T, pictures []byte) int {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(512<<10)) // as envelope/seal
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return len(enc.EncodeAll(pictures, nil))
}

// programs are pictures of each of some real programs, filling the screen: as it was opened, and after each of a few words and clicks.
func programs(t *testing.T) map[string][]*raw.Shot {
	t.Helper()
	opt := desktop.Options{}
	if os.Geteuid() == 0 {
		opt.User = "root"
	}
	d, err := desktop.Start(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("The quick brown fox jumps over the lazy dog; call 030 901820.\n\tSecond line, indented.\n\n", 60)), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := x11.Open(d.Display())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	hand, err := d.Hand()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hand.Close)
	p := &person{t: t, d: d}
	shots := map[string][]*raw.Shot{}
	for _, program := range [][]string{{"mousepad", text}, {"featherpad", text}, {"zenity", "--text-info", "--editable", "--filename", text}} {
		w := p.open(program[0], program[1:]...)
		if err := d.Place(ctx, w.ID, image.Rect(0, 20, 1920, 1080)); err != nil {
			t.Fatal(err)
		}
		if err := d.Focus(ctx, w.ID); err != nil {
			t.Fatal(err)
		}
		p.until(program[0]+" in front", func() bool { return s.Focus().Window == w.ID && s.Focus().Known })
		if err := s.Watch(w.ID); err != nil {
			t.Fatal(err)
		}
		grab := func(do error) {
			if do != nil {
				t.Fatal(do)
			}
			stood(s)
			shot, why := s.Grab(w.ID)
			if shot == nil {
				t.Fatalf("%s: %s", program[0], why)
			}
			shot.Unpack()
			shots[program[0]] = append(shots[program[0]], &raw.Shot{Pix: bytes.Clone(shot.Pix), Stride: shot.Stride, Canvas: shot.Canvas, Proof: "damage"})
			shot.Wipe()
		}
		grab(nil)
		grab(hand.Type(ctx, "some words ", 20*time.Millisecond))
		if os.Getenv("BYLEAVE_BENCH") == "" {
			continue
		}
		grab(hand.Click(700, 400))
		grab(hand.Type(ctx, "and more of them ", 20*time.Millisecond))
		grab(hand.Click(500, 600))
	}
	return shots
}

// stood returns when the window has had time to paint itself: a second without a paint, or three with a caret that blinks.
func stood(s *x11.Server) {
	most := time.After(3 * time.Second)
	for {
		select {
		case <-s.Events():
		case <-time.After(time.Second):
			return
		case <-most:
			return
		}
	}
}

// standard encodes by the standard library.
func standard(t *testing.T, img image.Image, level png.CompressionLevel, took []time.Duration, size []int) ([]time.Duration, []int) {
	t.Helper()
	var out bytes.Buffer
	enc := png.Encoder{CompressionLevel: level}
	took = append(took, cpu(func() {
		if err := enc.Encode(&out, img); err != nil {
			t.Fatal(err)
		}
	}))
	return took, append(size, out.Len())
}

func unmasked(s *raw.Shot) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, s.Canvas.W, s.Canvas.H))
	for i := 0; i < len(s.Pix); i += 4 {
		img.SetRGBA(i/4%s.Canvas.W, i/4/s.Canvas.W, color.RGBA{s.Pix[i+2], s.Pix[i+1], s.Pix[i], 255})
	}
	return img
}

// cpu is the time of a processor that f took in this thread.
func cpu(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	clock := func() time.Duration {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
			panic(err)
		}
		return time.Duration(ts.Nano())
	}
	from := clock()
	f()
	return clock() - from
}

func p95(d []time.Duration) float64 {
	slices.Sort(d)
	return d[len(d)*95/100].Seconds() * 1e3
}

func median(n []int) int {
	slices.Sort(n)
	return n[len(n)/2]
}
