package flow

// The flow of the agent. Each arrow is a type that one room makes; the functions below stand in this order.
//
//	# | stage   | room                          | takes                            | gives
//	1 | gate    | agent/internal/gate           | policy, consent, clock, pause, mark | policy.Permit
//	2 | capture | agent/internal/capture        | Permit                           | raw.Event (only capture and redact can name it)
//	3 | redact  | agent/internal/capture/redact | raw.Event, rules                 | redact.Event: actions, masked frames, gaps
//	4 | seal    | agent/internal/spool          | redact.Event                     | envelope.Box
//	5 | spool   | agent/internal/spool          | Box                              | a file; fsync before it counts
//	6 | upload  | agent/internal/upload         | Box                              | Ack
//
// Stages 7 to 9 are the collector's: see collector/internal/ingest/ingest.go.

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"sync"
	"time"

	"github.com/byleave/byleave/agent/internal/hotkey"
	"github.com/byleave/byleave/agent/internal/session"
)

// Config says where the agent lives and how long it holds what it sealed.
type Config struct {
	Home     string                      // folder of keys, consent and spool, mode 0700
	Socket   string                      // path of the control socket
	Session  session.Session             // the desktop, as far as it is known at the start; another may be handed over
	Hold     time.Duration               // how long a box stays here before it may leave: 0 to 7 days
	Hotkey   hotkey.Combo                // pauses and resumes
	Pressure string                      // the file in which the kernel tells that programs wait for a processor; "" is not looked at
	Review   func(context.Context) error // opens the review for the person
	Reader   reader                      // reads lines of pictures, so that harmless ones can be shown; nil: all stay masked
	Log      *slog.Logger                // gets no content, ever
	Ready    func()                      // called once the control socket answers; nil: nobody wants to know
	Rest     func()                      // called a while after the start and after each box: memory that they needed may go back; nil: it stays
}

// reader reads one line of a picture, and says from 0 to 1 how sure it is. Two goroutines may ask at once.
type reader interface {
	Read(ctx context.Context, line *image.Gray) (text string, sure float64, err error)
	State() error // why nothing is read at present; nil while it is, or nobody asked
}

// Run is the agent until ctx ends. It stops what produces first, then settles, seals and stores what was recorded, then stops
// what consumes. It returns nil after a clean stop. A missing display, collector or consent is not an error: Status says it.
func Run(ctx context.Context, cfg Config) error {
	a, err := open(cfg)
	if err != nil {
		return err
	}
	defer a.lock.Close()
	defer a.pressure.Close()
	a.worked()
	defer a.resting()
	producing, stopProducers := context.WithCancel(ctx)
	a.quit = stopProducers
	redacting, stopRedactor := context.WithCancel(context.WithoutCancel(ctx))
	consuming, stopConsumers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopConsumers()
	defer stopRedactor()
	defer stopProducers()

	a.quit = stopProducers
	var consumers, redactor, producers stage
	consumers.run(stopProducers, func() error { return a.runUpload(consuming) })
	consumers.run(stopProducers, func() error { return a.runDeadline(consuming) })
	consumers.run(stopProducers, func() error { return a.runPower(consuming) })
	redactor.run(stopProducers, func() error { return a.pipe.Run(redacting) })
	producers.run(stopProducers, func() error { return a.runSight(producing) })
	producers.run(stopProducers, func() error { return a.runEdges(producing) })
	producers.run(stopProducers, func() error { return a.runReminder(producing) })
	producers.run(stopProducers, func() error { return a.runControl(producing) })
	producers.run(stopProducers, func() error { return a.runNews(producing) })
	producers.run(stopProducers, func() error { return a.runTray(producing) })

	err = producers.wait()
	stopRedactor()
	err = errors.Join(err, redactor.wait(), a.spool.Close())
	stopConsumers()
	return errors.Join(err, consumers.wait())
}

// stage is a set of goroutines that start and end together.
type stage struct {
	group sync.WaitGroup
	mu    sync.Mutex
	err   error
}

// run starts f; if f fails, stop is called, so that one dead stage ends the agent visibly instead of silently.
func (s *stage) run(stop func(), f func() error) {
	s.group.Add(1)
	go func() {
		defer s.group.Done()
		if err := f(); err != nil && !errors.Is(err, context.Canceled) {
			s.mu.Lock()
			s.err = errors.Join(s.err, err)
			s.mu.Unlock()
			stop()
		}
	}()
}

func (s *stage) wait() error {
	s.group.Wait()
	return s.err
}
