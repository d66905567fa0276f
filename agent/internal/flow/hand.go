package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
)

// What a person does with what is held, by the page or a command. The agent has no key that opens a box: what is to be looked into or
// cut is opened where the person's key is, and only a sealed box comes back.

// Seal asks for the open batch as a box, so that the person sees all that there is. With an application, what is on its way of that
// application is dropped when it arrives.
type Seal struct {
	App string `json:"app,omitempty"`
}

func (a *agent) sealNow(ctx context.Context, in json.RawMessage) (any, error) {
	var s Seal
	if err := json.Unmarshal(in, &s); err != nil {
		return nil, fmt.Errorf("read what to seal: %w", err)
	}
	if s.App != "" {
		now := a.clock.now().Wall
		a.shut(rights.Span{From: time.Unix(0, 0), Until: now}, s.App, now)
		time.AfterFunc(runEnds, func() { a.flushForgotten(context.Background()) }) // see forget
	}
	return nil, a.settle(ctx)
}

// Replaced says why a box was not replaced, if it was not.
type Replaced struct {
	Moved bool `json:"moved,omitempty"` // something was recorded meanwhile: seal it again
	Gone  bool `json:"gone,omitempty"`  // it has left, or was destroyed
}

// replace puts what is left of a box in its place. If the old one may have left, the collector is asked to erase it.
func (a *agent) replace(_ context.Context, in json.RawMessage) (any, error) {
	var r spool.Replacement
	if err := json.Unmarshal(in, &r); err != nil {
		return nil, errors.New("the box that stands in for another cannot be read")
	}
	id, err := a.keys.Identity()
	if err != nil {
		return nil, err
	}
	err = a.spool.Replace(r, id.Verify(), a.rights.Note)
	signal(a.news)
	signal(a.stirred)
	a.hurry()
	switch {
	case errors.Is(err, spool.ErrMoved):
		return Replaced{Moved: true}, nil
	case errors.Is(err, spool.ErrUnknown):
		return Replaced{Gone: true}, nil
	case errors.Is(err, spool.ErrDisk):
		a.troubled(err)
	}
	return Replaced{}, err
}

// Send names the boxes that the person lets leave before their hold has passed.
type Send struct {
	Boxes []envelope.ID `json:"boxes"`
}

// Sending is how many of them may leave now, and why they wait all the same, if they do.
type Sending struct {
	Boxes int    `json:"boxes"`
	Why   string `json:"why,omitempty"`
}

// send ends the hold of boxes. The battery, the network, the person's own limits and the day's budget count all the same.
func (a *agent) send(_ context.Context, in json.RawMessage) (any, error) {
	var s Send
	if err := json.Unmarshal(in, &s); err != nil {
		return nil, fmt.Errorf("read what to send: %w", err)
	}
	if a.uploader.Load() == nil {
		return nil, errors.New("this computer is not enrolled, so there is nobody to send to")
	}
	out := Sending{Boxes: a.spool.Release(s.Boxes), Why: a.mayNotSend()}
	if out.Why == "" && out.Boxes > 0 {
		now := time.Now()
		first, all, _ := a.spool.Ready(now, a.hold(), func(_, _ envelope.ID) bool { return false })
		out.Why = a.budget.Now(now, first, all)
	}
	signal(a.stirred)
	signal(a.news)
	a.hurry()
	return out, nil
}

// Task is what the person says that they are doing: the words of what begins, or how it ended.
type Task struct {
	Step  string `json:"step"` // start, done or fail
	Words string `json:"words,omitempty"`
}

var taskSteps = map[string]pb.TaskStep{
	"start": pb.TaskStep_TASK_STEP_STARTED, "done": pb.TaskStep_TASK_STEP_DONE, "fail": pb.TaskStep_TASK_STEP_FAILED,
}

// task records what the person typed on purpose. It is recorded while recording is on at all, also if the window at the front, such as
// the terminal it was typed in, is not agreed to; else it is refused, and says why.
func (a *agent) task(ctx context.Context, in json.RawMessage) (any, error) {
	var t Task
	if err := json.Unmarshal(in, &t); err != nil {
		return nil, errors.New("what you are doing cannot be read")
	}
	step, ok := taskSteps[t.Step]
	if !ok || (t.Words == "") != (t.Step != "start") {
		return nil, errors.New("say start with what you are doing, or done, or fail")
	}
	if why := a.gate.Live().Why(); why != policy.Allowed && why != policy.NotAgreed || !a.marked.Load() {
		return nil, fmt.Errorf("nothing is recorded now (%s), so what you are doing is not noted either", a.gate.Status().Words)
	}
	return nil, a.pipe.Task(ctx, a.clock.now().Wall, step, t.Words)
}
