package export

import (
	"slices"

	"github.com/byleave/byleave/proto/pb"
)

// elsewhere is the reason of a gap that stands for what was done in applications that are left out of the export.
const elsewhere = "other_application"

// mostHeld bounds what a sieve holds: whoever makes boxes chooses how many gaps are in them.
const mostHeld = 100

// narrow leaves out what was done in other applications than those of the query, before anything of it is written. A gap stands in its place.
func (q Query) narrow(steps []Step) []Step {
	if len(q.Applications) == 0 {
		return steps
	}
	for i, s := range steps {
		if s.isAction() && !slices.Contains(q.Applications, s.Application) {
			steps[i] = Step{Kind: "gap", Reason: elsewhere}
		}
	}
	return steps
}

// named keeps the pictures that a step names.
func named(frames map[string][]byte, steps []Step) map[string][]byte {
	out := map[string][]byte{}
	for _, s := range steps {
		for _, f := range []*Frame{s.Before, s.After} {
			if f != nil && f.File != "" {
				out[f.File] = frames[f.File]
			}
		}
	}
	return out
}

// isAction tells whether a step is something that was done in an application.
func (s Step) isAction() bool { return s.Kind != "gap" && s.Kind != "task" }

// sieve takes the steps of one session of an export of some applications, and lets through what belongs to them: actions, the gaps between them, and a
// task if an action of it went through. What lies around them is held until an action follows, and is not let through if none does: a session or
// a person without an action in these applications is not there at all. An open one lets all through.
type sieve struct {
	open  bool
	begun bool   // something went through
	held  []Step // gaps, and at most one start of a task
	acted bool   // an action went through since the last step of a task
}

// sift gives what goes through of the next steps, and whether that is the first.
func (s *sieve) sift(steps []Step) (out []Step, first bool) {
	if s.open {
		out = steps
	} else {
		for _, step := range steps {
			out = append(out, s.pass(step)...)
		}
	}
	first = !s.begun && len(out) > 0
	s.begun = s.begun || first
	return out, first
}

// pass gives what goes through with one step.
func (s *sieve) pass(step Step) []Step {
	switch {
	case step.Kind == "gap":
		s.hold(step)
		return nil
	case step.Kind == "task" && step.Outcome == started:
		s.dropTask()
		s.acted = false
		s.hold(step)
		return nil
	case step.Kind == "task" && !s.acted:
		s.dropTask()
		return nil
	}
	s.acted = step.isAction()
	out := append(s.held, step)
	s.held = nil
	return out
}

var started = word(pb.TaskStep_TASK_STEP_STARTED.String(), "TASK_STEP_")

// hold keeps a gap or the start of a task. Gaps around what was left out are part of that.
func (s *sieve) hold(step Step) {
	last := func() Step {
		if len(s.held) == 0 {
			return Step{}
		}
		return s.held[len(s.held)-1]
	}
	switch {
	case step.Reason == elsewhere:
		for last().Kind == "gap" {
			s.held = s.held[:len(s.held)-1]
		}
	case step.Kind == "gap" && last().Reason == elsewhere:
		return
	case len(s.held) >= mostHeld:
		task := slices.DeleteFunc(s.held, func(h Step) bool { return h.Kind == "gap" })
		s.held = append(task, Step{Kind: "gap", Reason: elsewhere})
	}
	s.held = append(s.held, step)
}

// dropTask leaves out a task of which no action went through.
func (s *sieve) dropTask() {
	held := s.held
	s.held = nil
	for _, h := range held {
		if h.Kind == "gap" {
			s.hold(h)
		}
	}
}
