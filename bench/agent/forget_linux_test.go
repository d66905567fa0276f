package agent

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/bench/report"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// TestForget measures how long "forget the last 10 minutes" takes, from the command to the answer: of boxes that are still here, and of
// boxes that the collector has, whose answer is its signed record.
func TestForget(t *testing.T) {
	ctx, s, _ := scene(t)
	seal := func(done func(stage.Status) bool) {
		t.Helper()
		fill(ctx, t, s)
		_, err := s.Byleave(ctx, "pause")
		check(t, err)
		check(t, s.Until(ctx, "boxes", done))
	}
	seal(func(st stage.Status) bool { return st.Spool.Sent > 0 && st.Spool.Held == 0 })
	sent := forget(ctx, t, s)
	check(t, s.KillCollector())
	_, err := s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "recording", func(st stage.Status) bool { return st.State == "recording" }))
	seal(func(st stage.Status) bool { return st.Spool.Held > 0 })
	began := time.Now()
	answered := make(chan error, 1)
	go func() { _, err := s.Byleave(ctx, "forget", "--last", "10m"); answered <- err }() // waits for a collector that is not there
	check(t, desktop.Until(ctx, "the boxes to be gone", func() bool {
		boxes, err := filepath.Glob(filepath.Join(s.Home, "spool", "*.box"))
		return err == nil && len(boxes) == 0
	}))
	held := time.Since(began)
	check(t, <-answered)
	write(t, "forget", []report.Figure{
		{What: "forget the last 10 minutes: held, until unreadable", Value: held.Seconds(), Unit: "s", Goal: 1, Better: report.Lower},
		{What: "forget the last 10 minutes: sent, until the signed record", Value: sent.Seconds(), Unit: "s", Goal: 5, Better: report.Lower},
	})
}

func fill(ctx context.Context, t *testing.T, s *stage.Stage) {
	t.Helper()
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	rest(ctx, t, 1200*time.Millisecond)
	check(t, hand.Type(ctx, "some words to forget ", 15*time.Millisecond))
	rest(ctx, t, 1200*time.Millisecond)
}

func forget(ctx context.Context, t *testing.T, s *stage.Stage) time.Duration {
	t.Helper()
	began := time.Now()
	out, err := s.Byleave(ctx, "forget", "--last", "10m", "--json")
	check(t, err)
	if !strings.Contains(out, `"acknowledged":true`) { // it takes longer than forget waits
		check(t, s.Until(ctx, "the record", func(st stage.Status) bool { return st.Erasures == 0 }))
	}
	return time.Since(began)
}
