package cloud

import (
	"context"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// expirePage is of how many people boxes are looked up at once.
const expirePage = 500

// Expire destroys the boxes under a policy that arrived before a time. All collectors may do so at once.
func (s *Store) Expire(ctx context.Context, policy [32]byte, before time.Time) (boxes int, err error) {
	leave, err := s.enter()
	if err != nil {
		return 0, err
	}
	defer leave()
	for {
		people, err := s.ids(ctx, "SELECT DISTINCT subject FROM batches WHERE hour < $1 AND policy = $2 LIMIT $3", before.Unix(), policy[:], expirePage)
		if err != nil || len(people) == 0 {
			if boxes > 0 {
				s.wake()
			}
			return boxes, err
		}
		for _, subject := range people {
			n, err := s.expireOf(ctx, subject, policy, before)
			boxes += n
			if err != nil {
				return boxes, err
			}
		}
	}
}

func (s *Store) expireOf(ctx context.Context, subject store.ID, policy [32]byte, before time.Time) (n int, err error) {
	err = s.update(ctx, func(tx pgx.Tx) error {
		if err := lockPerson(ctx, tx, subject); err != nil {
			return err
		}
		// The pack that a row names as it is deleted: it may have been moved a moment ago.
		tag, err := tx.Exec(ctx, "WITH gone AS (DELETE FROM batches b WHERE b.subject = $1 AND b.policy = $2 AND b.hour < $3 RETURNING b.number, b.batch, b.pack), "+
			"unmapped AS (DELETE FROM export_batches WHERE number IN (SELECT number FROM gone)), "+ // the maps of exports end with their boxes
			"asked AS (INSERT INTO jobs (kind, about, due) SELECT DISTINCT '"+jobScrub+"', pack, now() FROM gone"+askAgain+") "+
			"DELETE FROM capsules WHERE batch IN (SELECT batch FROM gone)", subject[:], policy[:], before.Unix())
		if err != nil {
			return fmt.Errorf("store: take out boxes whose time is over: %w", say(err))
		}
		n = int(tag.RowsAffected())
		return nil
	})
	return n, err
}
