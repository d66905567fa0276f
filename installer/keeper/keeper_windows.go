package keeper

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"
)

// endLimit is how long the agents together may take to seal what they hold.
const endLimit = 20 * time.Second

// Numbers of what the event log is told. Everybody at the computer can read it, so it names nobody.
const (
	eventFailed = 1
	eventEnded  = 2
)

// Run is the service of this name until Windows ends it. Only the service manager can start it.
func Run(name string, again svc.Cmd, look Look) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	k := &keeper{program: program, again: again, see: look, agents: map[int]agent{}, over: make(chan over)}
	if log, err := eventlog.Open(name); err == nil {
		k.events = log
		defer log.Close()
	}
	err = svc.Run(name, k)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		return errors.New("this is what Windows starts as a service; to run the agent yourself, say byleave run")
	}
	return err
}

// over is the end of an agent.
type over struct {
	run  int
	well bool
}

// keeper is the running service. Execute's goroutine alone touches it.
type keeper struct {
	program string
	again   svc.Cmd
	see     Look
	events  *eventlog.Log
	book    book
	agents  map[int]agent // by number of the run
	over    chan over
	timer   *time.Timer // until the next try; nil if nobody waits
}

// Execute follows the sessions. It sleeps until Windows tells of one, an agent ends, somebody asks, or a try is due.
func (k *keeper) Execute(_ []string, asks <-chan svc.ChangeRequest, tell chan<- svc.Status) (bool, uint32) {
	tell <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptSessionChange}
	k.look()
	for {
		select {
		case c := <-asks:
			switch c.Cmd {
			case svc.Interrogate:
				tell <- c.CurrentStatus
			case svc.SessionChange, k.again: // what of it may be gone by now, so all are looked at
				k.look()
			case svc.Stop, svc.Shutdown:
				tell <- svc.Status{State: svc.StopPending, WaitHint: uint32((endLimit + 5*time.Second).Milliseconds())}
				k.endAll()
				return false, 0
			}
		case o := <-k.over:
			k.ended(o)
		case <-k.due():
			k.look()
		}
	}
}

// due fires when somebody is to be tried again; never if nobody waits.
func (k *keeper) due() <-chan time.Time {
	if k.timer != nil {
		k.timer.Stop()
		k.timer = nil
	}
	next := k.book.next()
	if next.IsZero() {
		return nil
	}
	k.timer = time.NewTimer(max(time.Until(next), 0))
	return k.timer.C
}

// look starts the agents that are to run, and ends those that are not.
func (k *keeper) look() {
	list, err := sessions(k.see)
	if err != nil {
		k.say(eventFailed, err.Error())
		return
	}
	begin, end := k.book.look(list, time.Now())
	for _, run := range end {
		_ = k.agents[run].stdin.Close() // it ends by itself, or did so with its session
	}
	for _, s := range begin {
		a, err := launch(k.program, s.session)
		if err != nil {
			k.say(eventFailed, err.Error())
			k.book.ended(s.run, false, time.Now())
			continue
		}
		k.agents[s.run] = a
		go func() { k.over <- over{s.run, a.cmd.Wait() == nil} }()
	}
}

func (k *keeper) ended(o over) {
	delete(k.agents, o.run)
	k.book.ended(o.run, o.well, time.Now())
	if !o.well {
		k.say(eventEnded, "An agent ended with an error. Its person sees why with: byleave run")
	}
}

// endAll asks all agents to end, waits, and ends those that do not.
func (k *keeper) endAll() {
	for _, a := range k.agents {
		_ = a.stdin.Close()
	}
	limit := time.After(endLimit)
	for len(k.agents) > 0 {
		select {
		case o := <-k.over:
			delete(k.agents, o.run)
		case <-limit:
			for _, a := range k.agents {
				_ = a.cmd.Process.Kill()
			}
			limit = nil
		}
	}
}

// say tells the event log of applications.
func (k *keeper) say(event uint32, words string) {
	if k.events != nil {
		_ = k.events.Warning(event, words)
	}
}
