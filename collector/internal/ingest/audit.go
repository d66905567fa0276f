package ingest

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"
)

// Refusal is why something was turned away. That a consent is missing or withdrawn is nobody's business and not among them.
type Refusal int

// The refusals that are counted.
const (
	Malformed Refusal = iota
	Forged
	Foreign  // another device's or person's box
	Conflict // a known id with other bytes or facts: an alarm
	Mismatch // policy or purpose is not the consent's
	Revoked
	Limited
	WrongRole
	BadToken
	BadCode
	refusals
)

var refusalNames = [refusals]string{"malformed", "forged", "foreign", "conflict", "mismatch", "revoked", "limited", "wrong_role", "bad_token", "bad_code"}

// Audit counts refusals. It is all that a hostile request can change, and it costs one log line per interval at most.
type Audit struct {
	log    *slog.Logger
	counts [refusals]atomic.Uint64
}

// NewAudit makes an Audit that Run writes to log.
func NewAudit(log *slog.Logger) *Audit { return &Audit{log: log} }

// Count counts one refusal.
func (a *Audit) Count(r Refusal) { a.counts[r].Add(1) }

// Total is how often r was counted since the last line.
func (a *Audit) Total(r Refusal) uint64 { return a.counts[r].Load() }

// Run writes a line per interval in which something was refused, until ctx ends.
func (a *Audit) Run(ctx context.Context, interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.flush()
		case <-ctx.Done():
			a.flush()
			return
		}
	}
}

func (a *Audit) flush() {
	var attrs []any
	alarm := false
	for r := range a.counts {
		if n := a.counts[r].Swap(0); n > 0 {
			attrs = append(attrs, refusalNames[r], n)
			alarm = alarm || Refusal(r) == Conflict
		}
	}
	switch {
	case alarm:
		a.log.Error("ALARM: a known id came again with other content; it was refused", attrs...)
	case len(attrs) > 0:
		a.log.Warn("refused", attrs...)
	}
}
