package cloud

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// Shown yields what operators were shown, by whichever collector, from a place on.
func (x *Index) Shown(ctx context.Context, after int64) iter.Seq2[store.Row, error] {
	return store.Pages(after, pageRows, func(after int64) ([]store.Row, int64, error) {
		page, err := x.shownPage(ctx, after)
		return page, store.LastOf(page), err
	})
}

func (x *Index) shownPage(ctx context.Context, after int64) (page []store.Row, err error) {
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var r store.Row
		var batch []byte
		var bucketSize int16
		var received int64
		err := rows.Scan(&r.Number, &batch, &bucketSize, &received, &r.Purpose)
		copy(r.Batch[:], batch)
		r.Bucket, r.Received = uint8(bucketSize), time.Unix(received, 0).UTC()
		page = append(page, r)
		return err
	}, "SELECT place, batch, bucket, hour, purpose FROM shown WHERE place > $1 ORDER BY place LIMIT $2", after, pageRows)
	if err != nil {
		return nil, fmt.Errorf("store: list what was shown: %w", err)
	}
	return page, nil
}

// ShownUntil is the number of the last box that belongs to what was shown.
func (x *Index) ShownUntil(ctx context.Context) (n int64, err error) {
	if err := x.pool.QueryRow(ctx, "SELECT number FROM shown_until").Scan(&n); err != nil {
		return 0, fmt.Errorf("store: look up what was shown: %w", say(err))
	}
	return n, nil
}

// Show keeps a lot as shown, if it follows the last one and is still large enough. What is counted is what is kept: both see one state, in
// which an erasure by another collector is done or not yet.
func (x *Index) Show(ctx context.Context, after, until int64, least int, before time.Time) error {
	return x.snapshot(ctx, func(tx pgx.Tx) error {
		var ended, boxes, people int64
		if err := tx.QueryRow(ctx, "SELECT number FROM shown_until FOR UPDATE").Scan(&ended); err != nil {
			return fmt.Errorf("store: look up what was shown: %w", say(err))
		}
		if ended != after {
			return nil
		}
		if err := tx.QueryRow(ctx, "SELECT count(*), count(DISTINCT subject) FROM batches WHERE number > $1 AND number <= $2", after, until).
			Scan(&boxes, &people); err != nil {
			return fmt.Errorf("store: keep what is shown: %w", say(err))
		}
		if min(boxes, people) < int64(least) {
			return nil
		}
		var b pgx.Batch
		b.Queue(`INSERT INTO shown (batch, bucket, hour, purpose) SELECT batch, bucket, hour, purpose FROM batches
			WHERE number > $1 AND number <= $2 ORDER BY batch`, after, until)
		b.Queue("UPDATE shown_until SET number = $1", until)
		b.Queue("DELETE FROM shown WHERE hour < $1", before.Unix())
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return fmt.Errorf("store: keep what is shown: %w", say(err))
		}
		return nil
	})
}
