//go:build linux

package cloud

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// ears notes what is told.
type ears struct {
	told chan string
	deaf func() // runs before the next try to hear
}

func (e *ears) Deaf() {
	e.deaf()
	e.told <- "deaf"
}

func (e *ears) Hears() { e.told <- "hears" }

func (e *ears) Withdrew(subject store.ID) { e.told <- fmt.Sprintf("%x", subject) }

func (e *ears) Published(signed []byte) { e.told <- "policy " + string(signed) }

// await returns once want was told.
func (e *ears) await(t *testing.T, want string) {
	t.Helper()
	for e.next(t, want) != want {
	}
}

// next is what is told next; want is awaited.
func (e *ears) next(t *testing.T, want string) string {
	t.Helper()
	select {
	case got := <-e.told:
		return got
	case <-time.After(2 * time.Minute):
		t.Fatalf("for two minutes nothing was told, and %s is still to come", want)
		return ""
	}
}

func hearing(t *testing.T, s *Store, deaf func()) *ears {
	t.Helper()
	e := &ears{told: make(chan string, 100), deaf: deaf}
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { s.Hear(ctx, e) })
	t.Cleanup(func() { cancel(); done.Wait() })
	return e
}

// withdraw withdraws a consent of the person's device, known before or not.
func withdraw(t testing.TB, s *Store, c store.Consent) {
	t.Helper()
	c.Withdrawn = true
	must(t, s.PutConsent(ctx, c))
}

// TestI06WithdrawalsAreTold: what one collector takes is told to all that hear, and what came while one could not hear is known before it says
// that it hears again.
func TestI06WithdrawalsAreTold(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	p, q := storetest.Enrol(t, one), storetest.Enrol(t, one)
	before := storetest.Consent(q.Device)
	withdraw(t, one, before) // since two was opened: its connection heard of it, before anybody asked
	meanwhile := storetest.Consent(p.Device)
	e, own := hearing(t, two, func() { withdraw(t, one, meanwhile) }), hearing(t, one, func() {})
	e.await(t, "hears")
	e.await(t, fmt.Sprintf("%x", q.Device.Subject))
	withdraw(t, one, p.Consent)
	for _, e := range []*ears{e, own} {
		e.await(t, fmt.Sprintf("%x", p.Device.Subject))
	}
	_, err := one.pool.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'")
	must(t, err)
	e.await(t, "deaf")
	e.await(t, "hears")
	signed, err := two.Withdrawn(ctx, p.Device.Subject, store.ID{}, 10)
	must(t, err)
	if len(signed) != 2 {
		t.Fatalf("%d withdrawals are known", len(signed))
	}
	withdraw(t, one, storetest.Consent(q.Device))
	e.await(t, fmt.Sprintf("%x", q.Device.Subject))
}

// TestPoliciesAreTold: a policy that one collector publishes is handed to the others as it comes, and to those that open later; one that does
// not follow what is there changes nothing.
func TestPoliciesAreTold(t *testing.T) {
	c := realConfig(t)
	one, _ := reopen(t, c)
	two, _ := reopen(t, c)
	e := hearing(t, two, func() {})
	e.await(t, "hears")
	const first, older, second = "first", "older", "second"
	for _, p := range []string{first, older, second} {
		must(t, one.Publish(ctx, []byte(p), func(there []byte) bool { return p != older && string(there) != p }))
	}
	e.await(t, "policy "+second)
	three, _ := reopen(t, c)
	late := hearing(t, three, func() {})
	if got := late.next(t, "policy "+second); got != "policy "+second {
		t.Fatalf("a collector that opens later is told %q", got)
	}
	late.await(t, "hears")
}
