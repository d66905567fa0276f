package embed

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// expireAtOnce is how many boxes one transaction takes out, so that nobody's box waits long.
const expireAtOnce = 500

// Expire destroys the boxes under a policy that arrived before a time. An index that is restored from before has them until it is asked again.
func (s *Store) Expire(ctx context.Context, policy [32]byte, before time.Time) (boxes int, err error) {
	for {
		n, err := s.expireSome(ctx, policy, before)
		boxes += n
		if err != nil {
			return boxes, err
		}
		if n == 0 {
			break
		}
	}
	if boxes == 0 {
		return 0, nil
	}
	s.erasing.Lock()
	defer s.erasing.Unlock()
	if err := s.checkpoint(ctx, nil); err != nil {
		return boxes, err
	}
	if err := s.scrub(ctx); err != nil {
		s.log.Warn("bytes of boxes whose time is over, which no key opens, are still to be blanked", "error", err)
	}
	select {
	case s.freed <- struct{}{}:
	default: // KeepCompact knows already
	}
	return boxes, nil
}

func (s *Store) expireSome(ctx context.Context, policy [32]byte, before time.Time) (n int, err error) {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, store.ErrClosed
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, selectDoomed+"b.hour < ? AND b.policy = ? ORDER BY b.hour LIMIT ?", before.Unix(), policy[:], expireAtOnce)
		if err != nil {
			return fmt.Errorf("store: read whose time is over: %w", err)
		}
		all, err := readDoomed(rows)
		if err != nil || len(all) == 0 {
			return err
		}
		n = len(all)
		if err := noteDoomed(ctx, tx, all); err != nil {
			return err
		}
		for _, d := range all {
			_, err := tx.ExecContext(ctx, "DELETE FROM shreds WHERE subject = (SELECT subject FROM batches WHERE number = ?1) AND number = ?1", d.number)
			if err == nil {
				_, err = tx.ExecContext(ctx, "DELETE FROM batches WHERE number = ?", d.number)
			}
			if err == nil && d.released {
				_, err = tx.ExecContext(ctx, deleteMapped, d.number)
			}
			if err != nil {
				return fmt.Errorf("store: take out boxes whose time is over: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		s.suspect(err)
		return 0, err
	}
	return n, nil
}
