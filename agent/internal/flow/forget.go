package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/proto/envelope"
)

// Forget says what to forget: the last while, a time, all, or boxes.
type Forget struct {
	Last  string    `json:"last,omitempty"` // a duration, for example 10m
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	All   bool      `json:"all,omitempty"`
	// Boxes by their ids, instead of a time.
	Boxes []envelope.ID `json:"boxes,omitempty"`
}

const (
	// settleForget bounds how long what is still being redacted may take before it is forgotten with the rest.
	settleForget = 2 * time.Second
	// runEnds is when an open run of typing has surely ended: the hold-back and the text gap of capture, and some.
	runEnds = 1500 * time.Millisecond
	// forgetWait is how long forget waits for the collector's word; what is not there by then is asked for until it is.
	forgetWait = 5 * time.Second
)

// spans is the time that is meant, by the clock now. It never reaches beyond now: what is recorded later is not meant.
func (f Forget) spans(c *clock) ([]rights.Span, error) {
	if f.All {
		return []rights.Span{{All: true}}, nil
	}
	if f.Last != "" {
		d, err := time.ParseDuration(f.Last)
		if err != nil || d <= 0 {
			return nil, errors.New("how long to forget is a duration such as 10m or 2h")
		}
		return c.last(d), nil
	}
	if now := c.now().Wall; f.Until.IsZero() || f.Until.After(now) {
		f.Until = now
	}
	return []rights.Span{{From: f.From, Until: f.Until}}, nil
}

// forget destroys what was recorded of a time, here and at the collector. It works whatever else the agent does or may not do.
func (a *agent) forget(ctx context.Context, in json.RawMessage) (any, error) {
	var f Forget
	if err := json.Unmarshal(in, &f); err != nil {
		return nil, fmt.Errorf("read what to forget: %w", err)
	}
	if len(f.Boxes) > 0 {
		ctx, cancel := context.WithTimeout(ctx, forgetWait)
		defer cancel()
		return a.rights.ForgetBoxes(ctx, f.Boxes)
	}
	spans, err := f.spans(a.clock)
	if err != nil {
		return nil, err
	}
	for _, sp := range spans {
		a.shut(sp, "", a.clock.now().Wall)
	}
	a.flushForgotten(ctx)
	// A run of typing that was open at this instant reaches the redactor when it ends. It is settled alone then, so that it does not
	// take what is typed later with it.
	time.AfterFunc(runEnds, func() {
		a.flushForgotten(context.Background())
		a.unshut()
	})
	ctx, cancel := context.WithTimeout(ctx, forgetWait)
	defer cancel()
	return a.rights.Forget(ctx, spans...)
}

// flushForgotten lets what is being redacted arrive, where it is dropped.
func (a *agent) flushForgotten(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleForget)
	defer cancel()
	if err := a.pipe.Flush(ctx); err != nil {
		a.log.Warn("what is still being redacted could not be waited for; it is dropped when it arrives", "why", err.Error())
	}
}

// shutter is the times that were forgotten while this agent runs: what is still on its way from capture is dropped when it arrives.
type shutter struct{ spans []shut }

// shut is a time that was forgotten, of one application or of all.
type shut struct {
	rights.Span
	app string // empty: all
}

func (a *agent) shut(sp rights.Span, app string, now time.Time) {
	if sp.All {
		sp.From, sp.Until = time.Unix(0, 0), now
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	next := shutter{}
	if old := a.shutter.Load(); old != nil {
		next.spans = append(next.spans, old.spans...)
	}
	next.spans = append(next.spans, shut{sp, app})
	if n := len(next.spans) - keepShut; n > 0 {
		next.spans = next.spans[n:]
	}
	a.shutter.Store(&next)
}

// unshut ends what was shut under a clock that was ahead of this one: nothing is on its way from a time that is yet to come, and what is
// recorded then is not meant.
func (a *agent) unshut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	sh := a.shutter.Load()
	if sh == nil {
		return
	}
	now := a.clock.now().Wall
	to := slices.DeleteFunc(slices.Clone(sh.spans), func(s shut) bool { return s.Until.After(now) })
	a.shutter.Store(&shutter{to})
}

// keepShut is how many forgotten times are remembered; nothing is on its way for longer than a few take.
const keepShut = 16

// isForgotten tells whether an event touches a time that was forgotten.
func (a *agent) isForgotten(ev redact.Event) bool {
	sh := a.shutter.Load()
	if sh == nil {
		return false
	}
	for _, sp := range sh.spans {
		until := ev.Until()
		if until.Before(ev.At()) {
			until = ev.At()
		}
		if sp.app != "" && sp.app != ev.Action().GetWindow().GetApplication() {
			continue
		}
		if !ev.At().After(sp.Until) && !until.Before(sp.From) {
			return true
		}
	}
	return false
}

// forgetHere destroys what lies on this computer of a time, or the boxes that are named.
func (a *agent) forgetHere(from, until time.Time, only []envelope.ID, left func([]envelope.ID) error) (rights.Forgotten, error) {
	var f spool.Forgotten
	var err error
	if len(only) > 0 {
		f, err = a.spool.ForgetBoxes(only, left)
	} else {
		f, err = a.spool.Forget(from, until, left)
	}
	return rights.Forgotten{Boxes: f.Held + f.Sent, From: f.From, Until: f.Until}, err
}

// ledger is the fingerprint of the key that signs erasure records.
func (a *agent) ledger() ([32]byte, error) {
	id, err := a.keys.Identity()
	return id.Ledger, err
}

func (a *agent) hurry() {
	if up := a.uploader.Load(); up != nil {
		up.Hurry()
	}
}
