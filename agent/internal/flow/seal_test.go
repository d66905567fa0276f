package flow

import (
	"context"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/policy"
)

// TestWhatTrailsAStopIsSealedSoon: capture holds events back, so some arrive after a pause has closed the batch. They do not wait in RAM
// for the end of a batch's minute; while recording goes on, a batch does.
func TestWhatTrailsAStopIsSealedSoon(t *testing.T) {
	a := device(t, version(1, nil))
	a.agree(t, version(1, nil))
	check(t, a.load())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.runDeadline(ctx) }()
	t.Cleanup(func() {
		cancel()
		check(t, <-ended)
	})
	late := func() { check(t, a.append(redact.NewGap(time.Now(), time.Now(), policy.Edge))) }

	a.settled.Store(int32(gate.Recording))
	late()
	ends := a.batchEnds()
	if time.Until(ends) < 10*time.Second {
		t.Fatalf("a batch under recording ends at %v", ends)
	}
	a.settled.Store(int32(gate.Paused))
	late()
	for a.spool.Stats().Held == 0 {
		if time.Now().After(ends) {
			t.Fatal("what came after the stop waits for the end of the batch's minute")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
