package flow

import (
	"context"
	"errors"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/spool"
)

// Stages 4 and 5: redacted events become boxes, boxes become files.

// tryDisk is how long the agent waits before it asks a disk that failed again.
const tryDisk = 10 * time.Second

// trailing is how long the agent waits for more of what capture had held back when recording stopped, before it closes that batch.
const trailing = 500 * time.Millisecond

// append is where the pipe ends. An event that cannot be made durable is dropped, and recording stops until the disk is well:
// the person sees "disk trouble" instead of losing silently.
func (a *agent) append(ev redact.Event) error {
	if a.isForgotten(ev) {
		return nil
	}
	err := a.spool.Append(ev)
	switch {
	case err == nil:
		if a.disk.Swap(nil) != nil {
			a.gate.Durable(true)
		}
	case errors.Is(err, spool.ErrNoConsent):
		return nil // the consent went between the event and its redaction
	default:
		a.troubled(err)
	}
	a.appended.Store(time.Now().UnixNano())
	signal(a.due)
	signal(a.news) // a full batch became a box
	return nil
}

func (a *agent) troubled(err error) {
	words := err.Error()
	if a.disk.Swap(&words) == nil {
		a.log.Warn("recording stopped: it cannot be made durable", "why", words)
	}
	a.gate.Durable(false)
}

// runDeadline closes a batch when its time is up, and asks a failed disk again, also for what the person did. It sleeps while no batch is open.
func (a *agent) runDeadline(ctx context.Context) error {
	for {
		var sleep time.Duration
		switch deadline := a.batchEnds(); {
		case a.disk.Load() != nil || a.unsavedWords.Load() != nil:
			sleep = tryDisk
		case !deadline.IsZero():
			sleep = max(time.Until(deadline), time.Millisecond)
		}
		if !wait(ctx, a.due, sleep) {
			return nil
		}
		a.cutIfDue(ctx)
	}
}

// batchEnds is when the open batch must be closed, zero if none is open: soon where recording has stopped, for what capture had held
// back comes after the batch of that moment was closed.
func (a *agent) batchEnds() time.Time {
	deadline := a.spool.Deadline()
	if deadline.IsZero() || !stopped(gate.State(a.settled.Load())) {
		return deadline
	}
	if soon := time.Unix(0, a.appended.Load()).Add(trailing); soon.Before(deadline) {
		return soon
	}
	return deadline
}

func (a *agent) cutIfDue(ctx context.Context) {
	if a.unsavedWords.Load() != nil {
		a.mu.Lock()
		a.save()
		a.mu.Unlock()
	}
	if a.disk.Load() != nil {
		if err := errors.Join(a.spool.Retry(), a.keys.SaveWall(a.clock.seen())); err != nil {
			a.troubled(err)
			return
		}
		a.disk.Store(nil)
		a.gate.Durable(true)
		a.log.Info("the disk is well again; recording may go on")
	}
	deadline := a.batchEnds()
	if deadline.IsZero() || time.Now().Before(deadline) {
		return
	}
	if err := a.settle(ctx); err != nil {
		a.troubled(err)
	}
}

// restAfter is how long after a box, which by then has left or waits, its memory goes back.
const restAfter = 5 * time.Second

// worked arranges that what the work needed goes back, once, unless there is more of it before.
func (a *agent) worked() {
	if a.rest != nil {
		a.rest.Reset(restAfter)
	}
}

// resting ends that.
func (a *agent) resting() {
	if a.rest != nil {
		a.rest.Stop()
	}
}

// signal wakes the one reader of c; a reader that has not looked yet needs no second call.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
