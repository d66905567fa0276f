package fleet

import (
	"crypto/ed25519"
	"crypto/rand"
	"math"
	mrand "math/rand/v2"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// TestCastBoxIsABox: what a device makes of a sealed box is one that a collector takes, and its own.
func TestCastBoxIsABox(t *testing.T) {
	m, err := newMould()
	must(t, err)
	pub, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	d := &device{fleet: &Fleet{mould: m}, sign: sign, rng: mrand.New(mrand.NewPCG(1, 1)), subject: envelope.ID{1}, id: envelope.ID{2},
		consent: envelope.ID{3}, sequence: 2, previous: [32]byte{4}}
	must(t, d.seal(40))
	seen, previous := map[envelope.ID]bool{}, d.backlog[0].header
	for i, p := range d.backlog {
		box, err := envelope.Parse(p.bytes())
		must(t, err)
		must(t, box.Verify(pub))
		h := box.Header()
		if h.Subject != d.subject || h.Device != d.id || h.Consent != d.consent || h.Batch != p.batch || seen[h.Batch] || h.Sequence != uint64(i+2) {
			t.Fatalf("%+v", h)
		}
		if i > 0 && h.Previous != digest(previous) {
			t.Fatal("the chain is broken")
		}
		seen[h.Batch], previous = true, p.header
	}
}

// TestPlanIsADay: days differ, keep to the clock, and have as many boxes as they should.
func TestPlanIsADay(t *testing.T) {
	const people, mean = 4000, 40
	boxes, at := 0, map[int]int{}
	for i := range people {
		rng := mrand.New(mrand.NewPCG(7, uint64(i)))
		day := plan(rng, mean, true)
		if !day[0].checkIn {
			t.Fatal("a day begins with a check-in")
		}
		for _, e := range day {
			if e.at < Morning || e.at > Evening {
				t.Fatalf("an errand at %v", e.at)
			}
			boxes += e.boxes
			at[int(e.at/time.Hour)] += e.boxes
		}
		for _, e := range plan(rng, mean, false) {
			if e.boxes > 0 {
				t.Fatal("boxes without a consent")
			}
		}
	}
	if got := float64(boxes) / people; math.Abs(got-mean) > 2 {
		t.Errorf("%.1f boxes a day, not %d", got, mean)
	}
	if at[10] < 10*at[19] || at[15] < 10*at[6] {
		t.Errorf("no curve of a day: %v", at)
	}
}

// TestTimes: what a slot says holds what was put into it, to an eighth.
func TestTimes(t *testing.T) {
	for _, d := range []time.Duration{1, 7, 8, 1023, 1024, 5 * time.Millisecond, time.Hour} {
		var all Times
		all.add(d)
		if got := all.At(50); got < d || got > d+d/8 {
			t.Errorf("%v is told as %v", d, got)
		}
	}
	var all Times
	for i := range 1000 {
		all.add(time.Duration(i+1) * time.Microsecond)
	}
	if p50, p99 := all.At(50), all.At(99); p50 < 500*time.Microsecond || p50 > 570*time.Microsecond || p99 < 990*time.Microsecond || p99 > 1120*time.Microsecond {
		t.Errorf("p50 %v, p99 %v", p50, p99)
	}
}

// TestCutNetwork: nothing passes while it is cut.
func TestCutNetwork(t *testing.T) {
	var n Network
	n.Cut()
	if _, err := n.dial(t.Context(), sourceOf(1), "127.0.0.1:1"); err == nil || n.mended() == nil {
		t.Fatal("a cut network connects:", err)
	}
	waits := n.mended()
	n.Mend()
	<-waits
	if n.mended() != nil {
		t.Fatal("a mended network is cut")
	}
}
