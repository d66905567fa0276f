package flow

import (
	"context"
	"errors"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/proto/envelope"
)

// Stage 6: boxes whose hold has passed go to the collector.

// runUpload runs an uploader while this device is enrolled.
func (a *agent) runUpload(ctx context.Context) error {
	for {
		id, err := a.keys.Identity()
		if err == nil {
			return a.upload(ctx, id)
		}
		if !errors.Is(err, keystore.ErrNotEnrolled) {
			return err
		}
		if !wait(ctx, a.stirred, 0) {
			return nil
		}
	}
}

func (a *agent) upload(ctx context.Context, id keystore.Identity) error {
	up := upload.New(upload.Options{
		Identity: id, Queue: told{a.spool, a.news}, Stubs: a.keys, Erasures: a.rights, Own: a.keys, Policy: a.newPolicy, Elsewhere: a.withdrawnElsewhere,
		Hold: a.hold, Budget: a.budget, Wait: a.mayNotSend, Said: func() { signal(a.news) }, Log: a.log,
	})
	a.uploader.Store(up)
	var running stage
	ended, end := context.WithCancel(ctx)
	defer end()
	running.run(end, func() error { return up.Run(ended) })
	for wait(ended, a.stirred, a.untilDue()) {
		up.Kick()
		a.keepCopies()
	}
	return running.wait()
}

// untilDue is how long until the oldest held box may leave; 0 if no box waits for that.
func (a *agent) untilDue() time.Duration {
	oldest := a.spool.Stats().Oldest
	if oldest.IsZero() {
		return 0
	}
	return max(time.Until(oldest.Add(a.hold())), 0)
}

// whyWaits is why nothing leaves now, in words: what forbids it, else, if a box is past its hold, what the uploader waits for.
func (a *agent) whyWaits(now time.Time) string {
	if why := a.mayNotSend(); why != "" {
		return why
	}
	if why := a.budget.Why(now); why != "" {
		return why
	}
	up := a.uploader.Load()
	if up == nil {
		return ""
	}
	if first, _, _ := a.spool.Ready(now, a.hold(), func(_, _ envelope.ID) bool { return false }); first == 0 {
		return ""
	}
	return up.Status().Words
}

const wordsClock = "the clock was set; `byleave resume` says that it is right"

// mayNotSend is why nothing may leave now: under a clock in doubt nobody knows whether the hold has passed.
func (a *agent) mayNotSend() string {
	if a.clock.doubted() {
		return wordsClock
	}
	return ""
}
