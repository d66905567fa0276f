package flow

import (
	"context"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
)

// TestI06SaidWhileTheAgentStarts: who pauses or withdraws while an agent starts finds no socket, and writes it down. The agent has read all of that
// already, and finds it all the same before it answers anybody.
func TestI06SaidWhileTheAgentStarts(t *testing.T) {
	first := version(5, nil)
	for name, c := range map[string]struct {
		say   func(*testing.T, *keystore.Store)
		holds func(*agent) bool
	}{
		"pause": {func(t *testing.T, keys *keystore.Store) { check(t, keys.SavePause(&time.Time{})) },
			func(a *agent) bool { return a.gate.Status().State == gate.Paused }},
		"withdraw": {func(t *testing.T, keys *keystore.Store) {
			_, err := Withdraw(keys, must(keys.Identity()), policy.Withdrawal{At: time.Now(), Gesture: "test"})
			check(t, err)
		}, func(a *agent) bool { return a.rules.Load() == nil }},
	} {
		t.Run(name, func(t *testing.T) {
			a := device(t, first)
			a.agree(t, first)
			c.say(t, must(keystore.Open(a.cfg.Home))) // as the command does, which finds no socket
			if c.holds(a) {
				t.Fatal("the agent knew before it looked")
			}
			ready := make(chan struct{})
			a.cfg.Socket, a.cfg.Ready = filepath.Join(t.TempDir(), "run", "s"), func() { close(ready) }
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- a.runControl(ctx) }()
			<-ready
			if !c.holds(a) {
				t.Errorf("an agent that answers goes on: %+v", a.gate.Status())
			}
			cancel()
			check(t, <-ended)
		})
	}
}

// TestI06PauseAfterResume: a pause that is asked for while an earlier word to resume is still being written down is the last word, and holds on the
// disk and in the agent alike.
func TestI06PauseAfterResume(t *testing.T) {
	first := version(5, nil)
	a := device(t, first)
	a.agree(t, first)
	for range 40 {
		check(t, a.beginPause(time.Time{}))
		var both sync.WaitGroup
		a.mu.Lock() // whoever comes waits, in this order as a rule
		for _, say := range []func() error{a.endPause, func() error { return a.beginPause(time.Time{}) }} {
			begun := make(chan struct{})
			both.Go(func() {
				close(begun)
				if err := say(); err != nil {
					t.Error(err)
				}
			})
			<-begun
			runtime.Gosched() // in any order the two must agree
		}
		a.mu.Unlock()
		both.Wait()
		kept := must(a.keys.Pause())
		if paused := a.gate.Status().State == gate.Paused; paused != (kept != nil) {
			t.Fatalf("paused: %v; on the disk: %v", paused, kept != nil)
		}
	}
}
