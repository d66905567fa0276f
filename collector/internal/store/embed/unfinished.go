package embed

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// keepIntents is how long an intent is kept that was carried out. It lets an index that is restored from before the erasure remember it; what
// that index holds of the person opens for nobody all the same, because the epoch key was replaced, and is taken out.
const keepIntents = 400 * 24 * time.Hour

// completeErasures brings the index to where the journal says it must be: after a crash in the middle of an erasure, and after a
// restore of an index from before one. Nobody reads the store before.
func (s *Store) completeErasures(ctx context.Context, rep *Report) error {
	if err := s.ring.settle(ctx, s.write); err != nil {
		return err
	}
	if err := s.upgrade(ctx); err != nil {
		return err
	}
	ids, err := s.journal.list()
	if err != nil {
		return err
	}
	for _, id := range ids {
		done, err := s.isReplaced(ctx, id)
		if err != nil {
			return err
		}
		if done {
			if err := s.journal.prune(id, s.now().Add(-keepIntents)); err != nil {
				return err
			}
			continue
		}
		e, ok, err := s.journal.read(id)
		if err != nil {
			return err
		}
		if !ok {
			s.log.Error("an erasure in the journal cannot be read; its device asks again", "erasure", fmt.Sprintf("%x", id))
			continue
		}
		if err := s.destroy(ctx, e); err != nil {
			return err
		}
		rep.Erased++
	}
	if err := s.compareEpochs(ctx, rep); err != nil {
		return err
	}
	return s.scrub(ctx)
}

func (s *Store) isReplaced(ctx context.Context, id store.ID) (bool, error) {
	var done bool
	err := s.write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM erasures WHERE id = ? AND replaced > 0)", id[:]).Scan(&done)
	if err != nil {
		return false, fmt.Errorf("store: look up an erasure: %w", err)
	}
	return done, nil
}

// compareEpochs finds people of whom the index knows an older key than the folder holds: it was restored from before an
// erasure, and what it holds of them opens for nobody. Such rows are taken out. A key that the folder lacks is only counted: it
// may come back.
func (s *Store) compareEpochs(ctx context.Context, rep *Report) error {
	people, err := s.ids(ctx, "SELECT subject FROM epochs")
	if err != nil {
		return err
	}
	for _, subject := range people {
		k, err := s.ring.current(subject)
		if err != nil {
			return err
		}
		number, err := epochNumber(ctx, s.write, subject)
		if err != nil {
			return err
		}
		if k.Number < number {
			rep.Keyless++
			continue
		}
		n, err := s.dropShut(ctx, subject, k.Number)
		if err != nil {
			return err
		}
		rep.Shut += n
	}
	if rep.Keyless > 0 {
		s.log.Error("keys/ lacks keys: boxes of these people cannot be released; if you have a copy of the folder, stop and put it back",
			"people", rep.Keyless)
	}
	return nil
}

// dropShut takes out a person's rows that were wrapped by a key before number.
func (s *Store) dropShut(ctx context.Context, subject store.ID, number int64) (int, error) {
	var shut int
	const old = "b.subject = ? AND EXISTS (SELECT 1 FROM shreds k WHERE k.subject = b.subject AND k.number = b.number AND k.epoch < ?)"
	err := s.read.QueryRowContext(ctx, "SELECT count(*) FROM batches b WHERE "+old, subject[:], number).Scan(&shut)
	if err != nil {
		return 0, fmt.Errorf("store: look for boxes that no key opens: %w", err)
	}
	if shut == 0 {
		return 0, nil
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectDoomed+old, subject[:], number)
		if err != nil {
			return fmt.Errorf("store: take out boxes that no key opens: %w", err)
		}
		all, err := readDoomed(rows)
		if err != nil {
			return err
		}
		if err := noteDoomed(ctx, tx, all); err != nil {
			return err
		}
		for _, stmt := range []string{"DELETE FROM export_batches WHERE number IN (SELECT b.number FROM batches b WHERE " + old + ")", "DELETE FROM batches AS b WHERE " + old} {
			if _, err := tx.ExecContext(ctx, stmt, subject[:], number); err != nil {
				return fmt.Errorf("store: take out boxes that no key opens: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM shreds WHERE subject = ? AND epoch < ?", subject[:], number); err != nil {
			return fmt.Errorf("store: take out boxes that no key opens: %w", err)
		}
		return setEpoch(ctx, tx, subject, number)
	})
	return shut, err
}
