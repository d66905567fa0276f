package redact

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/proto/pb"
)

// Pipe runs one Redactor in one goroutine, so that encoding a frame never delays the capture of the next event.
// It is the only way from capture to the spool: Push takes raw events, next gets redacted ones.
type Pipe struct {
	red  *Redactor
	next func(Event) error
	jobs chan job
	done chan struct{} // closed when Run returns
	rush atomic.Int32  // callers that wait until everything is settled
}

// job is one raw event, or a request to settle everything that is held back and then perhaps to go on with other rules.
type job struct {
	ev      raw.Event
	at      time.Time // when it was pushed
	task    *task
	then    *Redactor
	settled chan error
}

// task is what the person says that they are doing.
type task struct {
	at    time.Time
	step  pb.TaskStep
	words string
}

// waiting bounds how many steps, each with at most two pictures, lie in RAM before redaction. While more than half of them do, no line
// of a picture is read: the pictures leave masked, so that capture never waits for a reader.
const waiting = 8

// readWait is how long after its push the lines of a step may be read. Then its pixels are gone.
const readWait = 2 * time.Second

// NewPipe makes a pipe from raw events to next. An error of next ends Run.
func NewPipe(r *Redactor, next func(Event) error) *Pipe {
	p := &Pipe{red: r, next: next, jobs: make(chan job, waiting), done: make(chan struct{})}
	r.reveal.hurry = p.hurried
	return p
}

// hurried tells that somebody waits.
func (p *Pipe) hurried() bool { return p.rush.Load() > 0 || len(p.jobs) > waiting/2 }

// Push hands one raw event over. It blocks while the pipe is full; after Run has ended the event is dropped, unredacted as it is.
func (p *Pipe) Push(ev raw.Event) {
	select {
	case p.jobs <- job{ev: ev, at: time.Now()}:
	case <-p.done:
	}
}

// Flush settles everything held back and returns when next has had it.
func (p *Pipe) Flush(ctx context.Context) error { return p.settle(ctx, nil) }

// Task settles everything held back and lets what the person says that they are doing follow it.
func (p *Pipe) Task(ctx context.Context, at time.Time, step pb.TaskStep, words string) error {
	return p.ask(ctx, job{task: &task{at, step, words}})
}

// Use settles everything held back, then goes on with r.
func (p *Pipe) Use(ctx context.Context, r *Redactor) error { return p.settle(ctx, r) }

func (p *Pipe) settle(ctx context.Context, then *Redactor) error { return p.ask(ctx, job{then: then}) }

// ask hands a job over and waits until it is done.
func (p *Pipe) ask(ctx context.Context, j job) error {
	p.rush.Add(1)
	defer p.rush.Add(-1)
	done := make(chan error, 1)
	j.settled = done
	select {
	case p.jobs <- j:
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-done:
		return err
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run redacts until ctx ends; then it redacts what was pushed before, and settles what is held. Call it once.
func (p *Pipe) Run(ctx context.Context) error {
	defer close(p.done)
	for {
		select {
		case j := <-p.jobs:
			if err := p.do(ctx, j); err != nil {
				return err
			}
		case <-ctx.Done():
			return p.drain(ctx)
		}
	}
}

// drain does what was pushed before; ctx has ended, so that nothing is read any more.
func (p *Pipe) drain(ctx context.Context) error {
	for {
		select {
		case j := <-p.jobs:
			if err := p.do(ctx, j); err != nil {
				return err
			}
		default:
			return p.give(p.red.Flush())
		}
	}
}

func (p *Pipe) do(ctx context.Context, j job) error {
	if j.settled == nil {
		ctx, cancel := context.WithDeadline(ctx, j.at.Add(readWait))
		defer cancel()
		return p.give(p.red.apply(ctx, j.ev))
	}
	err := p.give(p.red.Flush())
	if j.task != nil && err == nil {
		err = p.give([]Event{p.red.Task(j.task.at, j.task.step, j.task.words)})
	}
	if j.then != nil {
		p.red = j.then
		p.red.reveal.hurry = p.hurried
	}
	j.settled <- err
	return err
}

func (p *Pipe) give(evs []Event) error {
	for _, ev := range evs {
		if err := p.next(ev); err != nil {
			return fmt.Errorf("redact: hand an event on: %w", err)
		}
	}
	return nil
}
