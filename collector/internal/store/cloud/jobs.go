package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// Jobs are rows that any collector takes, one at a time, with SKIP LOCKED. A job may be done twice, after its collector was lost, and none
// minds. What each is about is an id:
const (
	jobErase = "erase" // an erasure that was cut short
	jobScrub = "scrub" // a pack that holds erased boxes
	jobSweep = "sweep" // new packs and their rows: once a day
	jobMerge = "merge" // small packs: once a day, one pack after the other
)

// daily tells whether a job stays, to be done again the next day.
func daily(kind string) bool { return kind == jobSweep || kind == jobMerge }

const (
	lease      = 10 * time.Minute
	lookEvery  = time.Minute // for jobs of other collectors
	nextDay    = 24 * time.Hour
	againFirst = 10 * time.Second // after a failure, then twice as long each time
	againMost  = time.Hour
)

const askAgain = " ON CONFLICT (kind, about) DO UPDATE SET due = least(jobs.due, excluded.due), asked = jobs.asked + 1"

// want asks for a job that is due after some time. A daily one may be asked for already.
func (s *Store) want(ctx context.Context, q querier, kind string, about []byte, after time.Duration) error {
	again := askAgain
	if daily(kind) {
		again = " ON CONFLICT DO NOTHING"
	}
	if _, err := q.Exec(ctx, "INSERT INTO jobs (kind, about, due) VALUES ($1, $2, now() + $3::interval)"+again, kind, nonNil(about), after); err != nil {
		return fmt.Errorf("store: ask for a job: %w", say(err))
	}
	return nil
}

// wake makes Run look for a job now.
func (s *Store) wake() {
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// job is one that was taken.
type job struct {
	kind          string
	about         []byte
	asked, failed int64
}

// Run does jobs until ctx ends. sign makes the records of erasures that were cut short.
func (s *Store) Run(ctx context.Context, sign store.SignErasure) {
	for ctx.Err() == nil {
		s.forgetReplaced(ctx)
		j, ok, err := s.take(ctx)
		if ok {
			err = s.settle(ctx, j, s.do(ctx, j, sign))
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("jobs of the store wait: it cannot be asked", "error", err)
		}
		if ok && err == nil {
			continue
		}
		wait := time.NewTimer(s.nextJob(ctx))
		select {
		case <-ctx.Done():
		case <-s.work:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// forgetReplaced drops keys that other collectors destroyed, at most once a minute, and those that nobody asked for since long.
func (s *Store) forgetReplaced(ctx context.Context) {
	now := s.now()
	if now.Sub(s.forgot) < lookEvery {
		return
	}
	since := s.forgot.Add(-lookBack)
	people, err := s.ids(ctx, "SELECT DISTINCT subject FROM erasures WHERE replaced >= $1", max(since.Unix(), 0))
	if err != nil {
		return // the next time looks back as far
	}
	for _, subject := range people {
		s.ring.forget(subject)
	}
	s.ring.age(now)
	s.forgot = now
}

// lookBack is by how much collectors' clocks may differ.
const lookBack = 10 * time.Minute

// take leases the job that is due longest.
func (s *Store) take(ctx context.Context) (j job, ok bool, err error) {
	leave, err := s.enter()
	if err != nil {
		return j, false, err
	}
	defer leave()
	err = s.pool.QueryRow(ctx, `UPDATE jobs SET leased = now() + $1::interval WHERE (kind, about) IN
		(SELECT kind, about FROM jobs WHERE due <= now() AND (leased IS NULL OR leased < now()) ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING kind, about, asked, failed`, lease).Scan(&j.kind, &j.about, &j.asked, &j.failed)
	if errors.Is(err, pgx.ErrNoRows) {
		return j, false, nil
	}
	if err != nil {
		return j, false, fmt.Errorf("store: take a job: %w", say(err))
	}
	return j, true, nil
}

// nextJob is how long nothing is due.
func (s *Store) nextJob(ctx context.Context) time.Duration {
	var seconds *float64
	err := s.pool.QueryRow(ctx, "SELECT extract(epoch FROM min(greatest(due, leased)) - now())::float8 FROM jobs").Scan(&seconds)
	if err != nil || seconds == nil {
		return lookEvery
	}
	return min(max(time.Duration(*seconds*float64(time.Second)), time.Second), lookEvery)
}

func (s *Store) do(ctx context.Context, j job, sign store.SignErasure) error {
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	switch {
	case j.kind == jobSweep:
		var rep Report
		err := s.sweepNew(ctx, &rep)
		if rep != (Report{}) {
			s.log.Warn("packs and rows were compared", "rows_without_pack_taken_out", rep.Missing, "packs_without_row_removed", rep.Orphans)
		}
		return err
	case j.kind == jobMerge:
		some, err := s.merge(ctx)
		if err == nil && some { // there may be more, for whichever collector comes to it
			_, err = s.pool.Exec(ctx, "UPDATE jobs SET asked = asked + 1 WHERE kind = $1 AND about = $2", j.kind, j.about)
		}
		return err
	case len(j.about) != 16:
		return nil // of no use to anybody
	case j.kind == jobScrub:
		return s.scrub(ctx, store.ID(j.about))
	case j.kind == jobErase:
		return s.finish(ctx, store.ID(j.about), sign)
	}
	return errors.New("store: a job of a newer collector")
}

// settle ends a job, or lets it wait: after a failure, or because it was asked for again meanwhile.
func (s *Store) settle(ctx context.Context, j job, failed error) error {
	ctx = context.WithoutCancel(ctx)
	leave, err := s.enter()
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, connectMost)
	defer cancel()
	switch {
	case failed != nil:
		if !errors.Is(failed, context.Canceled) {
			s.log.Warn("a job of the store failed and is tried again", "job", j.kind, "error", failed)
		}
		wait := againMost
		if j.failed < 9 {
			wait = min(againFirst<<j.failed, againMost)
		}
		_, err = s.pool.Exec(ctx, "UPDATE jobs SET leased = NULL, failed = failed + 1, due = now() + $3::interval WHERE kind = $1 AND about = $2", j.kind, j.about, wait)
	case daily(j.kind):
		_, err = s.pool.Exec(ctx, `UPDATE jobs SET leased = NULL, failed = 0, due = CASE WHEN asked = $4 THEN now() + $3::interval ELSE now() END
			WHERE kind = $1 AND about = $2`, j.kind, j.about, nextDay, j.asked)
	default:
		_, err = s.pool.Exec(ctx, `WITH done AS (DELETE FROM jobs WHERE kind = $1 AND about = $2 AND asked = $3 RETURNING 1)
			UPDATE jobs SET leased = NULL, failed = 0 WHERE kind = $1 AND about = $2 AND asked <> $3`, j.kind, j.about, j.asked)
	}
	if err != nil {
		return fmt.Errorf("store: end a job: %w", say(err))
	}
	return nil
}

// finish completes an erasure whose collector was lost.
func (s *Store) finish(ctx context.Context, id store.ID, sign store.SignErasure) error {
	e, ok, err := s.readIntent(ctx, id)
	if err != nil || !ok {
		return err // one that is no intent is told of at the next start, and its device asks again
	}
	if err := s.destroy(ctx, e); err != nil {
		return err
	}
	_, err = s.record(ctx, id, sign)
	return err
}
