package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/ingest"
)

const (
	clockName  = "clock.seen" // when boxes were looked through last, by the wall clock
	expireEach = time.Hour
	// clockLeap is by how much the clock may be ahead of when it was seen last before it is in doubt, and clockTrust how long the collector then
	// runs before it believes it: what is destroyed under a clock that is years ahead does not come back.
	clockLeap  = 8 * 24 * time.Hour
	clockTrust = 24 * time.Hour
)

// retention destroys boxes when the time is over for which the policy says that they are kept.
type retention struct {
	home   home
	terms  func() ([]ingest.Term, error)
	expire func(ctx context.Context, policy [32]byte, before time.Time) (int, error)
	began  time.Time // by the clock that nobody sets
	log    *slog.Logger
}

// run looks each hour, until ctx ends.
func (r *retention) run(ctx context.Context) {
	tick := time.NewTicker(expireEach)
	defer tick.Stop()
	for {
		if err := r.pass(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.log.Warn("boxes whose time is over could not be destroyed; it is tried again within the hour", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// pass destroys what is over at now. A box stays whole days from the end of the hour in which it arrived. How many there were is not told.
func (r *retention) pass(ctx context.Context, now time.Time) error {
	if ok, err := r.believe(now); !ok {
		return err
	}
	terms, err := r.terms()
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range terms {
		if _, err := r.expire(ctx, t.Policy, now.Add(-time.Duration(t.Days)*24*time.Hour-time.Hour)); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// believe tells whether the clock can be believed, and notes it if so. The first time it is only noted.
func (r *retention) believe(now time.Time) (bool, error) {
	text, err := os.ReadFile(r.home.path(clockName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("read %s: %w", clockName, err)
	}
	seconds, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	first := err != nil || bad != nil
	ahead := now.Sub(time.Unix(seconds, 0))
	if !first && ahead > clockLeap && time.Since(r.began) < clockTrust {
		return false, fmt.Errorf("the clock is %d days ahead of when it was seen last: set it right; if it is right, this waits until the collector has run for a day", int(ahead.Hours()/24))
	}
	if !first && ahead < 0 { // less is over than before: nothing to doubt, and the latest time stays
		return true, nil
	}
	return !first, writeFile(r.home.path(clockName), []byte(strconv.FormatInt(now.Unix(), 10)+"\n"))
}
