package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
)

// Pause says until when recording stops; the zero time means until the person resumes.
type Pause struct {
	Until time.Time `json:"until"`
}

// runControl serves the verbs of the control socket to the same user.
func (a *agent) runControl(ctx context.Context) error {
	return control.Serve(ctx, a.cfg.Socket, a.verbs(), a.log)
}

// verbs are what a person may ask a running agent, through its socket or its tray.
func (a *agent) verbs() map[string]control.Verb {
	return map[string]control.Verb{
		"status": {Root: true, Do: func(context.Context, json.RawMessage) (any, error) { return a.status(), nil }},
		"pause":  {Root: true, Do: a.pause},
		"resume": {Do: a.resume},
		"reload": {Do: func(context.Context, json.RawMessage) (any, error) { return nil, a.load() }},
		"tray":   {Do: a.showTray},
	}
}

func (a *agent) pause(_ context.Context, in json.RawMessage) (any, error) {
	var p Pause
	if err := json.Unmarshal(in, &p); err != nil {
		return nil, fmt.Errorf("read the length of the pause: %w", err)
	}
	return nil, a.beginPause(p.Until)
}

// beginPause takes effect before it is made durable: the person's gesture never waits for a disk.
func (a *agent) beginPause(until time.Time) error {
	a.gate.Pause(until)
	return a.keys.SavePause(&until)
}

func (a *agent) resume(context.Context, json.RawMessage) (any, error) { return nil, a.endPause() }

// endPause ends a pause, and is the person's word that the clock is right if it was in doubt.
func (a *agent) endPause() error {
	if a.clock.doubted() {
		a.clock.confirm()
		if err := a.keys.ConfirmWall(a.clock.seen()); err != nil {
			return err
		}
		a.gate.ClockDoubt(false)
	}
	if err := a.keys.SavePause(nil); err != nil {
		return err
	}
	a.gate.Resume()
	return nil
}
