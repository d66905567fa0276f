package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/proto/envelope"
)

// TestStartAfterCorruption: a folder that holds seven days of boxes, of which every tenth is damaged, with a damaged chain, torn temporary
// files and foreign ones, starts; exactly the damaged boxes are set aside, and every neighbour leaves whole. make bench-start keeps how long
// the start took, on the real disk; make test does the same with fewer boxes.
func TestStartAfterCorruption(t *testing.T) {
	boxes, out := 60, t.TempDir()
	if os.Getenv("BYLEAVE_BENCH") != "" {
		boxes, out = 7*8*60, "../../../bench/out"
	}
	dir := filepath.Join(t.TempDir(), "spool")
	s, _, err := Open(OS(), dir, quiet)
	must(t, err)
	must(t, s.Use(testKeys(consentA)))
	damaged := map[envelope.ID]bool{}
	for i := range boxes {
		must(t, s.Append(gap(i)))
		must(t, s.Cut())
		if i%10 == 3 {
			damaged[s.held[i].batch] = true
		}
	}
	must(t, s.Close())
	files, err := filepath.Glob(filepath.Join(dir, "*"+heldSuffix))
	must(t, err)
	for i, file := range files {
		_, batch, _, _ := parseName(filepath.Base(file))
		if !damaged[batch] {
			continue
		}
		raw, err := os.ReadFile(file)
		must(t, err)
		if i%20 == 3 {
			raw = raw[:len(raw)/2]
		} else {
			raw[i%len(raw)] ^= 1
		}
		must(t, os.WriteFile(file, raw, 0o600))
		must(t, os.WriteFile(fmt.Sprintf("%s-%d.tmp", file, i), raw, 0o600))
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("note %d", i)), raw, 0o600))
	}
	must(t, os.WriteFile(filepath.Join(dir, chainName), []byte("no chain"), 0o600))
	began := time.Now()
	s, r, err := Open(OS(), dir, quiet)
	took := time.Since(began)
	must(t, err)
	must(t, s.Use(testKeys(consentA))) // whose signature a box must have before it leaves
	left := 0
	for {
		b, ok := s.Next(time.Now().Add(time.Hour), 0)
		if !ok {
			break
		}
		if damaged[b.Header().Batch] {
			t.Error("a damaged box leaves")
		}
		must(t, s.Sent(b.Header().Batch))
		left++
	}
	if left != boxes-len(damaged) || s.Stats().Quarantined < len(damaged) || r.Trouble != nil {
		t.Errorf("%d of %d whole boxes left, %d files were set aside: %+v", left, boxes-len(damaged), s.Stats().Quarantined, r)
	}
	must(t, s.Close())
	must(t, report.Write(os.Stdout, out, "start", []report.Figure{
		{What: fmt.Sprintf("start with %d boxes, every tenth damaged", boxes), Value: took.Seconds(), Unit: "s", Goal: 2, Better: report.Lower},
		{What: "the same: whole boxes that did not leave", Value: float64(boxes - len(damaged) - left), Unit: "", Goal: 0, Better: report.Lower},
	}))
}
