package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/session"
)

// Pause says until when recording stops; the zero time means until the person resumes.
type Pause struct {
	Until time.Time `json:"until"`
}

// Quit names the process that ends, so that the caller can wait for that.
type Quit struct {
	Pid int `json:"pid"`
}

// runControl serves the verbs of the control socket to the same user. What was written down while nobody could reach it is read again first: who
// pauses or withdraws while the agent starts finds no socket, and the agent has read all of that by then.
func (a *agent) runControl(ctx context.Context) error {
	return control.Serve(ctx, a.cfg.Socket, a.verbs(), a.log, func() {
		a.lookAgain()
		if a.cfg.Ready != nil {
			a.cfg.Ready()
		}
	})
}

// lookAgain takes over what commands wrote down.
func (a *agent) lookAgain() {
	a.mu.Lock()
	until, err := a.keys.Pause()
	if until != nil {
		a.gate.Pause(*until)
	}
	a.mu.Unlock()
	if err := errors.Join(err, a.load()); err != nil {
		a.log.Warn("what was said before the agent answered cannot be read", "why", err.Error())
	}
}

// verbs are what a person may ask a running agent, through its socket or its tray.
func (a *agent) verbs() map[string]control.Verb {
	return map[string]control.Verb{
		"status":   {Root: true, Do: func(context.Context, json.RawMessage) (any, error) { return a.status(), nil }},
		"pause":    {Root: true, Do: a.pause},
		"resume":   {Do: a.resume},
		"withdraw": {Do: a.withdraw},
		"forget":   {Do: a.forget},
		"seal":     {Do: a.sealNow},
		"replace":  {Do: a.replace},
		"send":     {Do: a.send},
		"task":     {Do: a.task},
		"reload":   {Do: func(context.Context, json.RawMessage) (any, error) { return nil, a.load() }},
		"session":  {Do: a.session},
		"tray":     {Do: a.showTray},
		"quit":     {Root: true, Do: func(context.Context, json.RawMessage) (any, error) { a.quit(); return Quit{os.Getpid()}, nil }},
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
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gate.Pause(until) // again: a resume may have been under way
	a.unsaved.pause = &until
	a.save()
	if words := a.unsavedWords.Load(); words != nil {
		return errors.New(*words)
	}
	return nil
}

func (a *agent) resume(context.Context, json.RawMessage) (any, error) { return nil, a.endPause() }

// endPause ends a pause, and is the person's word that the clock is right if it was in doubt.
func (a *agent) endPause() error {
	if a.clock.doubted() {
		a.clock.confirm()
		a.unshut()
		if err := a.keys.ConfirmWall(a.clock.seen()); err != nil {
			return err
		}
		a.gate.ClockDoubt(false)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.keys.SavePause(nil); err != nil {
		return err
	}
	a.unsaved.pause = nil
	a.save()
	a.gate.Resume()
	return nil
}

// session takes the desktop that a session hands over; it is looked at from the next look on, and the newest wins. Without a
// consent it is only remembered.
func (a *agent) session(_ context.Context, in json.RawMessage) (any, error) {
	var s session.Session
	if err := json.Unmarshal(in, &s); err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	if err := s.Check(); err != nil {
		return nil, err
	}
	a.desktop.Store(&s)
	signal(a.handed)
	return nil, s.Keep()
}
