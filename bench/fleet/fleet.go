package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/byleave/byleave/proto/pin"
)

// Site is one collector, or several that share a store: one authority, whose invitations count at each address.
type Site struct {
	Addresses   []string
	Invitations []string
}

// Load says what the devices do on their day. The same Load makes the same day.
type Load struct {
	Speed float64 // how many simulated seconds pass in a real one
	Boxes float64 // that a device whose person agreed seals in the day, on average
	Seed  uint64
}

// Fleet is the devices, and what they saw.
type Fleet struct {
	Tally   Tally
	Network Network

	load     Load
	mould    mould
	greeting chan struct{} // one for each device that shakes hands

	mu      sync.Mutex // guards what follows while devices enrol
	devices []*device
}

// New makes a fleet without devices.
func New(load Load) (*Fleet, error) {
	if load.Speed <= 0 || load.Boxes < 0 {
		return nil, errors.New("fleet: a day needs a speed, and boxes")
	}
	m, err := newMould()
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	return &Fleet{load: load, mould: m, greeting: make(chan struct{}, greetAtOnce)}, nil
}

// enrolAtOnce keeps the door free: a collector enrols few at the same time.
const enrolAtOnce = 12

// Enrol makes a device of each invitation of the site. Several sites may enrol at once.
func (f *Fleet) Enrol(ctx context.Context, s Site) error {
	if len(s.Addresses) == 0 || len(s.Invitations) == 0 {
		return errors.New("fleet: a site needs an address and an invitation")
	}
	first, err := pin.Parse(s.Invitations[0])
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	at := &place{server: pin.ByFingerprint(first.CA), addresses: s.Addresses}
	fresh := make([]*device, len(s.Invitations))
	f.mu.Lock()
	for i := range fresh {
		n := len(f.devices) + i
		fresh[i] = &device{fleet: f, at: at, turn: n, from: sourceOf(n), rng: rand.New(rand.NewPCG(f.load.Seed, uint64(n)))}
	}
	f.devices = append(f.devices, fresh...)
	f.mu.Unlock()
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range fresh {
			next <- i
		}
	}()
	var g group
	for range enrolAtOnce {
		g.Go(func() error {
			var err error
			for i := range next { // to its end, so that nobody waits
				if err == nil {
					err = fresh[i].enrol(ctx, s.Invitations[i])
				}
			}
			return err
		})
	}
	return g.Wait()
}

// Storm is something that happens to the whole fleet at a time of the day.
type Storm struct {
	At time.Duration // since midnight, simulated
	Do func(context.Context) error
}

// Day lets all devices live through one day, from Morning to Evening, and returns when every box of theirs was acknowledged.
func (f *Fleet) Day(ctx context.Context, storms ...Storm) error {
	clock := clock{time.Now(), f.load.Speed}
	var g group
	for _, s := range storms {
		g.Go(func() error {
			if err := clock.until(ctx, s.At); err != nil {
				return err
			}
			return s.Do(ctx)
		})
	}
	for _, d := range f.devices {
		g.Go(func() error { return d.live(ctx, clock) })
	}
	return g.Wait()
}

// Hold connects every device at the same instant, and calls do while each has a stream open. The time is how long it took until the last
// one was in.
func (f *Fleet) Hold(ctx context.Context, do func() error) (time.Duration, error) {
	began, release := time.Now(), make(chan struct{})
	var in sync.WaitGroup
	var g group
	for _, d := range f.devices {
		in.Add(1)
		g.Go(func() error { return d.hold(ctx, in.Done, release) })
	}
	in.Wait()
	took := time.Since(began)
	err := do()
	close(release)
	return took, errors.Join(err, g.Wait())
}

// Audit is what collectors hold beside what they acknowledged.
type Audit struct {
	Acknowledged, Held int
	Lost               int // acknowledged and not held
	Doubled            int // held more than once
	Unknown            int // held and never sealed by the device
}

// askAtOnce is how many devices ask what is held of them.
const askAtOnce = 32

// Audit lets each device ask what is held of its person.
func (f *Fleet) Audit(ctx context.Context) (Audit, error) {
	var g group
	var mu sync.Mutex
	var sum Audit
	gate := make(chan struct{}, askAtOnce)
	for _, d := range f.devices {
		g.Go(func() error {
			gate <- struct{}{}
			defer func() { <-gate }()
			a, err := d.audit(ctx)
			mu.Lock()
			defer mu.Unlock()
			sum.Acknowledged, sum.Held = sum.Acknowledged+a.Acknowledged, sum.Held+a.Held
			sum.Lost, sum.Doubled, sum.Unknown = sum.Lost+a.Lost, sum.Doubled+a.Doubled, sum.Unknown+a.Unknown
			return err
		})
	}
	return sum, g.Wait()
}

// clock tells simulated time.
type clock struct {
	began time.Time
	speed float64
}

// until waits for a time of the simulated day; one that has passed is no wait.
func (c clock) until(ctx context.Context, at time.Duration) error {
	left := time.Until(c.began.Add(time.Duration(float64(at-Morning) / c.speed)))
	return wait(ctx, left)
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// group waits for goroutines and keeps the first error of them. One error ends no other goroutine: a fleet lives on when a device dies.
type group struct {
	wg   sync.WaitGroup
	once sync.Once
	err  error
}

// Go starts do.
func (g *group) Go(do func() error) {
	g.wg.Go(func() {
		if err := do(); err != nil {
			g.once.Do(func() { g.err = err })
		}
	})
}

// Wait waits for all and returns the first error.
func (g *group) Wait() error {
	g.wg.Wait()
	return g.err
}
