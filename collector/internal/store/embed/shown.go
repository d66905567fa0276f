package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Shown yields what operators were shown, from a place on.
func (x *Index) Shown(ctx context.Context, after int64) iter.Seq2[store.Row, error] {
	return store.Pages(after, pageRows, func(after int64) ([]store.Row, int64, error) {
		page, err := x.shownPage(ctx, after)
		return page, store.LastOf(page), err
	})
}

func (x *Index) shownPage(ctx context.Context, after int64) (page []store.Row, err error) {
	err = x.each(ctx, func(rows *sql.Rows) error {
		var r store.Row
		var batch []byte
		var hour int64
		err := rows.Scan(&r.Number, &batch, &r.Bucket, &hour, &r.Purpose)
		copy(r.Batch[:], batch)
		r.Received = time.Unix(hour, 0).UTC()
		page = append(page, r)
		return err
	}, "SELECT place, batch, bucket, hour, purpose FROM shown WHERE place > ? ORDER BY place LIMIT ?", after, pageRows)
	return page, err
}

// ShownUntil is the number of the last box that belongs to what was shown.
func (x *Index) ShownUntil(ctx context.Context) (int64, error) { return shownUntil(ctx, x.read) }

func shownUntil(ctx context.Context, q querier) (n int64, err error) {
	err = q.QueryRowContext(ctx, "SELECT number FROM shown_until").Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("store: look up what was shown: %w", err)
	}
	return n, nil
}

// Show keeps a lot as shown, if it follows the last one and is still large enough.
func (x *Index) Show(ctx context.Context, after, until int64, least int, before time.Time) error {
	return x.update(ctx, func(tx *sql.Tx) error {
		ended, err := shownUntil(ctx, tx)
		if err != nil || ended != after {
			return err
		}
		var boxes, people int
		if err := tx.QueryRowContext(ctx, "SELECT count(*), count(DISTINCT subject) FROM batches WHERE number > ? AND number <= ?", after, until).
			Scan(&boxes, &people); err != nil {
			return fmt.Errorf("store: keep what is shown: %w", err)
		}
		if boxes < least || people < least {
			return nil
		}
		for _, do := range []struct {
			text string
			args []any
		}{
			{"INSERT INTO shown (batch, bucket, hour, purpose) SELECT batch, bucket, hour, purpose FROM batches WHERE number > ? AND number <= ? ORDER BY batch", []any{after, until}},
			{"INSERT INTO shown_until (one, number) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET number = excluded.number", []any{until}},
			{"DELETE FROM shown WHERE hour < ?", []any{before.Unix()}},
		} {
			if _, err := tx.ExecContext(ctx, do.text, do.args...); err != nil {
				return fmt.Errorf("store: keep what is shown: %w", err)
			}
		}
		return nil
	})
}
