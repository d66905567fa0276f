package ingest

import (
	"context"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// pulse tells when a collector that was busy has become quiet. While nothing comes, nothing ticks.
type pulse struct {
	beats   atomic.Int64
	resting atomic.Bool
	woke    chan struct{}
}

func newPulse() *pulse { return &pulse{woke: make(chan struct{}, 1)} }

// beat says that something came.
func (p *pulse) beat() {
	p.beats.Add(1)
	if p.resting.CompareAndSwap(true, false) {
		p.woke <- struct{}{}
	}
}

// run calls rest each time when nothing came for as long as quiet, after something had.
func (p *pulse) run(ctx context.Context, quiet time.Duration, rest func()) {
	var seen int64
	for {
		p.resting.Store(true)
		if p.beats.Load() == seen || !p.resting.CompareAndSwap(true, false) { // else something came just now
			select {
			case <-p.woke:
			case <-ctx.Done():
				return
			}
		}
		for now := p.beats.Load(); now != seen; now = p.beats.Load() {
			seen = now
			look := time.NewTimer(quiet)
			select {
			case <-look.C:
			case <-ctx.Done():
				look.Stop()
				return
			}
		}
		rest()
	}
}

// Quiet gives back to the system what work needed, each time when no call and no box came for a while, after some had, until ctx ends.
func (in *Ingest) Quiet(ctx context.Context) { in.pulse.run(ctx, quietTime, rest) }

// stackHalvings is how often a grown stack of 64 KiB can be halved.
const stackHalvings = 4

// rest collects garbage more than once: each time the stack of a goroutine that needs little of it is halved, and what lies in pools is let go
// when nobody took it between two.
func rest() {
	for range stackHalvings {
		runtime.GC()
	}
	debug.FreeOSMemory()
}

// quietTime is how long nothing comes before a collector is quiet.
const quietTime = 20 * time.Second
