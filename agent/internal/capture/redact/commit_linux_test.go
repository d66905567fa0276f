package redact

import (
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/bench/redaction/sample"
	"github.com/byleave/byleave/bench/report"
	"golang.org/x/sys/unix"
)

// TestCommitCost measures what it costs to let a run of 256 typed bytes go: its text is searched as it stands and, where it was mended, as it
// was typed, and made an event. Processor time of the thread, so that others on the machine do not count; each run twice, because the
// first one that needs a vendor's rule compiles it.
func TestCommitCost(t *testing.T) {
	if os.Getenv("BYLEAVE_BENCH") == "" {
		return // a measurement, no proof
	}
	var text []rune
	for i, c := range sample.Classes() {
		for k, s := range sample.Positives(c, uint64(i), 200) {
			text = append(append(text, []rune(s.Text)...), ' ')
			text = append(append(text, []rune(sample.Clean(uint64(k), 9)[k%9].Text)...), ' ')
		}
	}
	r := newRedactor(t)
	var typing, commit []float64
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, count := range []bool{false, true} {
		for at := 0; at+256 < len(text); at += 256 {
			step := raw.Wrap(textStep(t, 7, mended(text[at:at+256])))
			before := threadTime(t)
			r.Apply(step)
			typed := threadTime(t)
			r.Flush()
			if count {
				typing = append(typing, (typed-before).Seconds()*1e3)
				commit = append(commit, (threadTime(t)-typed).Seconds()*1e3)
			}
		}
	}
	slices.Sort(typing)
	slices.Sort(commit)
	if err := report.Write(os.Stdout, "../../../../bench/out", "commit", []report.Figure{
		{What: "commit of a 256-byte run, p99", Value: commit[len(commit)*99/100], Unit: "ms", Goal: .2, Better: report.Lower},
		{What: "commit of a 256-byte run, median", Value: commit[len(commit)/2], Unit: "ms", Goal: .2, Better: report.Lower},
		{What: "its 256 keys before, six of them mend a slip, p99", Value: typing[len(typing)*99/100], Unit: "ms", Goal: 1, Better: report.Lower},
	}); err != nil {
		t.Fatal(err)
	}
}

// mended is how somebody types text into one line, with a slip every forty keys, and in the middle of the last word.
func mended(text []rune) []raw.Key {
	ks := keys(string(text))
	for i := range ks {
		switch {
		case i%40 == 39:
			ks[i] = raw.Key{At: ks[i].At, Edit: raw.Backspace}
		case ks[i].Edit == raw.Newline:
			ks[i] = raw.Key{At: ks[i].At, Rune: ' '}
		}
	}
	ks[len(ks)-1] = raw.Key{At: ks[len(ks)-1].At, Rune: 'q'}
	return ks
}

func threadTime(t *testing.T) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ts.Nano())
}
