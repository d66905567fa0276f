package redact

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/bench/report"
)

// typist is a simulated hand: how long it takes from each letter to each other one, beside what is common to all.
type typist struct {
	pace float64 // log of seconds
	own  map[[2]rune]float64
	rnd  *rand.Rand
}

func newTypist(seed uint64) *typist {
	t := &typist{own: map[[2]rune]float64{}, rnd: rand.New(rand.NewPCG(seed, 20))}
	t.pace = math.Log(.09 + .16*t.rnd.Float64()) // 4 to 11 keys a second
	for a := 'a'; a <= '{'; a++ {
		for b := 'a'; b <= '{'; b++ {
			t.own[[2]rune{letter(a), letter(b)}] = .4 * t.rnd.NormFloat64()
		}
	}
	return t
}

func letter(c rune) rune {
	if c == '{' {
		return ' '
	}
	return c
}

// types gives keys with their times: log-normal for each pair of letters, and now and then a thought, which all take alike.
func (t *typist) types(at time.Duration, n int) []raw.Key {
	var text []rune
	for len(text) < n {
		w := "Monday"
		for !isSmall(w) {
			w = proseWords[t.rnd.IntN(len(proseWords))]
		}
		text = append(text, []rune(w+" ")...)
	}
	out := make([]raw.Key, 0, n)
	for i, c := range text[:n] {
		if i > 0 {
			wait := math.Exp(t.pace + t.own[[2]rune{text[i-1], c}] + .25*t.rnd.NormFloat64())
			if text[i-1] == ' ' && t.rnd.IntN(4) == 0 {
				wait = math.Exp(math.Log(1.2) + .7*t.rnd.NormFloat64())
			}
			at += time.Duration(wait * float64(time.Second))
		}
		out = append(out, raw.Key{At: start.Boot + at, Rune: c})
	}
	return out
}

func isSmall(w string) bool {
	for _, c := range w {
		if c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// seen is what an observer of a piece of typing has: values by what they are of.
type seen map[string][]float64

func (s seen) add(what string, v float64) { s[what] = append(s[what], v) }

// rawTimes is what somebody sees who has every key.
func rawTimes(ks []raw.Key) seen {
	s := seen{}
	for i := 1; i < len(ks); i++ {
		s.add(string([]rune{ks[i-1].Rune, ks[i].Rune}), math.Log((ks[i].At - ks[i-1].At).Seconds()))
	}
	return s
}

// ourTimes is what somebody sees who has what leaves redaction: capture cuts a run where no key comes for half a second, and after
// ten seconds.
func ourTimes(t testing.TB, ks []raw.Key) seen {
	r := newRedactor(t)
	var evs []Event
	for from := 0; from < len(ks); {
		to := from + 1
		for to < len(ks) && ks[to].At-ks[to-1].At < 500*time.Millisecond && ks[to].At-ks[from].At < 10*time.Second {
			to++
		}
		s := textStep(t, 7, append([]raw.Key(nil), ks[from:to]...))
		s.From, s.Until = start.Add(ks[from].At-start.Boot), start.Add(ks[to-1].At-start.Boot)
		evs = append(evs, r.Apply(raw.Wrap(s))...)
		from = to
	}
	evs = append(evs, r.Flush()...)
	s := seen{}
	for i, e := range evs {
		n := float64(len(e.Action().GetText().GetNet()))
		d := float64(e.Action().GetDurationMs()) / 1000
		s.add("length", math.Log(n))
		s.add("duration", math.Log(.05+d))
		s.add("pace", math.Log((.05+d)/n))
		if i > 0 {
			apart := e.At().Sub(evs[i-1].At()).Seconds()
			before := float64(len(evs[i-1].Action().GetText().GetNet()))
			s.add("apart", math.Log(.05+apart))
			s.add("apart a key", math.Log((.05+apart)/before))
		}
	}
	s.add("events", math.Log(float64(len(evs))))
	s.add("all a key", math.Log((.05+evs[len(evs)-1].At().Sub(evs[0].At()).Seconds())/float64(len(ks))))
	return s
}

// nearest is the place of the template that a sample is most like: the mean distance of what both have, each in units of its spread.
func nearest(templates []seen, spread map[string]float64, s seen) int {
	best, at := math.Inf(1), -1
	for i, t := range templates {
		sum, n := 0.0, 0.0
		for what, v := range s {
			if w := t[what]; len(w) > 0 && spread[what] > 0 {
				sum += math.Abs(mean(v)-mean(w)) / spread[what]
				n++
			}
		}
		if n > 0 && sum/n < best {
			best, at = sum/n, i
		}
	}
	return at
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func spreads(templates []seen) map[string]float64 {
	all, out := seen{}, map[string]float64{}
	for _, t := range templates {
		for what, v := range t {
			all.add(what, mean(v))
		}
	}
	for what, v := range all {
		m, sum := mean(v), 0.0
		for _, x := range v {
			sum += (x - m) * (x - m)
		}
		out[what] = math.Sqrt(sum / float64(len(v)))
	}
	return out
}

// identified is the share of samples that are told to be of the right one of many typists.
func identified(t testing.TB, typists, gallery, samples, keys int, see func(testing.TB, []raw.Key) seen) float64 {
	hands, templates := make([]*typist, typists), make([]seen, typists)
	for i := range hands {
		hands[i], templates[i] = newTypist(uint64(i)), seen{}
		for range gallery {
			for what, v := range see(t, hands[i].types(0, keys)) {
				templates[i][what] = append(templates[i][what], v...)
			}
		}
	}
	spread, right := spreads(templates), 0
	for i, h := range hands {
		for range samples {
			if nearest(templates, spread, see(t, h.types(time.Duration(h.rnd.IntN(1000))*time.Millisecond, keys))) == i {
				right++
			}
		}
	}
	return float64(right) / float64(typists*samples)
}

// TestTypists holds that 20 typists whom a classifier tells apart by their keys are not told apart by what leaves. With BYLEAVE_BENCH
// it says so with more samples, and of longer ones too.
func TestTypists(t *testing.T) {
	const typists, gallery, keys, chance = 20, 20, 50, 1.0 / 20
	samples, bench := 20, os.Getenv("BYLEAVE_BENCH") != ""
	if bench {
		samples = 100
	}
	keystrokes := func(_ testing.TB, ks []raw.Key) seen { return rawTimes(ks) }
	byKeys, ours := identified(t, typists, gallery, samples, keys, keystrokes), identified(t, typists, gallery, samples, keys, ourTimes)
	t.Logf("of %d typists, by %d keys: raw %.3f, ours %.3f, chance %.3f", typists, keys, byKeys, ours, chance)
	if byKeys < .9 {
		t.Errorf("the control tells only %.3f apart: the test shows nothing", byKeys)
	}
	if ours > 2*chance {
		t.Errorf("%.3f of the samples are told apart by what leaves; at most %.3f may be", ours, 2*chance)
	}
	if !bench {
		return
	}
	figures := []report.Figure{
		{What: "typists told apart by 50 raw keys (control)", Value: byKeys, Unit: "share", Goal: .9, Better: report.Higher},
		{What: "typists told apart by 50 keys as they leave", Value: ours, Unit: "share", Goal: 2 * chance, Better: report.Lower,
			Peers: map[string]float64{"every key": byKeys}},
	}
	for _, n := range []int{100, 200} {
		figures = append(figures, report.Figure{What: fmt.Sprintf("the same by %d keys", n), Value: identified(t, typists, gallery, samples, n, ourTimes),
			Unit: "share", Goal: 2 * chance, Better: report.Lower, Peers: map[string]float64{"every key": identified(t, typists, gallery, samples, n, keystrokes)}})
	}
	if err := report.Write(os.Stdout, "../../../../bench/out", "typists", figures); err != nil {
		t.Fatal(err)
	}
}

// TestTypingHasOneTime holds that what is typed with nothing else between has the time of its beginning, and no longer than a minute.
func TestTypingHasOneTime(t *testing.T) {
	r := newRedactor(t)
	at := func(after time.Duration, text string) raw.Event {
		s := textStep(t, 7, keys(text))
		s.From = start.Add(after)
		s.Until = s.From.Add(time.Second)
		return raw.Wrap(s)
	}
	var out []Event
	for _, s := range []time.Duration{0, 7, 40, 65, 70} {
		out = append(out, r.Apply(at(s*time.Second, "please see this.\n"))...)
	}
	c := raw.Open(click(t))
	c.From = start.Add(80 * time.Second)
	c.Until = c.From
	out = append(out, r.Apply(raw.Wrap(c))...)
	out = append(out, r.Apply(at(82*time.Second, "please see this.\n"))...)
	var got []time.Duration
	for _, e := range append(out, r.Flush()...) {
		got = append(got, e.At().Sub(start.Wall.Truncate(time.Second)).Round(time.Second))
	}
	if want := []time.Duration{0, 0, 0, 65e9, 65e9, 80e9, 82e9}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestTypingAfterAFlushHasItsOwnTime: what is typed on after somebody had everything settled does not lie in the time before it.
func TestTypingAfterAFlushHasItsOwnTime(t *testing.T) {
	r := newRedactor(t)
	at := func(after time.Duration) raw.Event {
		s := textStep(t, 7, keys("please see this.\n"))
		s.From = start.Add(after)
		s.Until = s.From.Add(time.Second)
		return raw.Wrap(s)
	}
	out := append(r.Apply(at(0)), r.Flush()...)
	out = append(append(out, r.Apply(at(9*time.Second))...), r.Flush()...)
	if len(out) != 2 || out[1].At().Sub(out[0].At()).Round(time.Second) != 9*time.Second {
		t.Errorf("told %d runs, the last at %v", len(out), out[len(out)-1].At())
	}
}
