package ingest

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"time"
)

// TestPulse: a rest follows each time of work, and only that.
func TestPulse(t *testing.T) {
	p, rests := newPulse(), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { p.run(ctx, time.Millisecond, func() { rests <- struct{}{} }) })
	for range 3 {
		for range 100 {
			p.beat()
		}
		await(t, rests, "a rest")
		select {
		case <-rests:
			t.Error("a rest after nothing")
		case <-time.After(20 * time.Millisecond): // it has had its chance
		}
	}
	p.beat()
	cancel()
	select {
	case <-rests: // it may have come first
	default:
	}
	wg.Wait()
	for range 3 {
		p.beat() // nobody listens any more, and nobody waits
	}
}

// TestPulseUnderLoad: beats from many sides block nobody, and in the end there is a rest.
func TestPulseUnderLoad(t *testing.T) {
	p, rested := newPulse(), make(chan struct{}, 1000)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go p.run(ctx, time.Microsecond, func() { rested <- struct{}{} })
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10_000 {
				p.beat()
			}
		})
	}
	wg.Wait()
	await(t, rested, "a rest after the last beat")
}

// TestRestHalvesStacks: who once needed a deep stack and is silent now keeps little of it.
func TestRestHalvesStacks(t *testing.T) {
	const silent = 200
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would halve them, too
	stacks := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.StackInuse)
	}
	before := stacks()
	release, ready, wg := make(chan struct{}), make(chan struct{}), sync.WaitGroup{}
	for range silent {
		wg.Go(func() {
			deep(64)
			ready <- struct{}{}
			<-release
		})
	}
	for range silent {
		<-ready
	}
	grown := stacks() - before
	rest()
	if kept := stacks() - before; kept > grown/4 {
		t.Errorf("of %d KiB of stack %d are kept", grown>>10, kept>>10)
	}
	close(release)
	wg.Wait()
}
