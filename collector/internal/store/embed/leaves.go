package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
)

// Waiting counts the leaves about people that wait for the ledger.
func (x *Index) Waiting(ctx context.Context) (w store.Waiting, err error) {
	err = x.read.QueryRowContext(ctx, "SELECT count(*), count(DISTINCT subject), EXISTS (SELECT 1 FROM devices) FROM outbox WHERE kind = ?", store.PersonLeaf).
		Scan(&w.Leaves, &w.People, &w.Enrolled)
	if err != nil {
		return w, fmt.Errorf("store: count what waits for the ledger: %w", err)
	}
	return w, nil
}

// NextLeaves returns at most n leaves of a kind that wait, oldest first.
func (x *Index) NextLeaves(ctx context.Context, k store.Kind, n int) ([]store.OutboxRow, error) {
	rows, err := x.read.QueryContext(ctx, "SELECT number, kind, body FROM outbox WHERE kind = ? ORDER BY number LIMIT ?", k, n)
	if err != nil {
		return nil, fmt.Errorf("store: read the outbox: %w", err)
	}
	defer rows.Close()
	var out []store.OutboxRow
	for rows.Next() {
		var r store.OutboxRow
		if err := rows.Scan(&r.Number, &r.Leaf.Kind, &r.Leaf.Body); err != nil {
			return nil, fmt.Errorf("store: read the outbox: %w", err)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read the outbox: %w", err)
	}
	return out, nil
}

// Logged notes where leaves stand, and how long the ledger is.
func (x *Index) Logged(ctx context.Context, placed []store.Placed, size uint64) error {
	return x.update(ctx, func(tx *sql.Tx) error {
		add, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO leaves (place, body, readable) VALUES (?, ?, ?)")
		if err != nil {
			return fmt.Errorf("store: note leaves: %w", err)
		}
		defer add.Close()
		// Bodies are never the same by chance: a salt or an export's id is in each.
		known, err := tx.PrepareContext(ctx, "DELETE FROM outbox WHERE number = ? AND body = ?")
		if err != nil {
			return fmt.Errorf("store: note leaves: %w", err)
		}
		defer known.Close()
		search := int64(-1) // from which place on leaves have no number
		for _, p := range placed {
			_, err := add.ExecContext(ctx, int64(p.Place), nonNil(p.Body), p.Readable)
			if err == nil && p.Number != 0 {
				_, err = known.ExecContext(ctx, p.Number, nonNil(p.Body))
			} else if search < 0 {
				search = int64(p.Place)
			}
			if err != nil {
				return fmt.Errorf("store: note leaves: %w", err)
			}
		}
		if search >= 0 {
			if _, err := tx.ExecContext(ctx, "DELETE FROM outbox WHERE body IN (SELECT body FROM leaves WHERE place >= ?)", search); err != nil {
				return fmt.Errorf("store: note leaves: %w", err)
			}
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO ledger (one, size) VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET size = excluded.size", int64(size))
		if err != nil {
			return fmt.Errorf("store: note leaves: %w", err)
		}
		return nil
	})
}

// LedgerSize is how long the ledger was when it was last noted.
func (x *Index) LedgerSize(ctx context.Context) (uint64, error) {
	var size int64
	err := x.read.QueryRowContext(ctx, "SELECT size FROM ledger").Scan(&size)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("store: look up the ledger: %w", err)
	}
	return uint64(size), nil
}

// FindLeaves says where leaves stand.
func (x *Index) FindLeaves(ctx context.Context, bodies [][]byte) ([]int64, error) {
	find, err := x.read.PrepareContext(ctx, "SELECT place FROM leaves WHERE body = ?")
	if err != nil {
		return nil, fmt.Errorf("store: look up leaves: %w", err)
	}
	defer find.Close()
	out := make([]int64, len(bodies))
	for i, b := range bodies {
		err := find.QueryRowContext(ctx, b).Scan(&out[i])
		if errors.Is(err, sql.ErrNoRows) {
			out[i], err = -1, nil
		}
		if err != nil {
			return nil, fmt.Errorf("store: look up leaves: %w", err)
		}
	}
	return out, nil
}

// ReadableLeaves says where the leaves of exports stand.
func (x *Index) ReadableLeaves(ctx context.Context, from uint64, n int) ([]uint64, error) {
	rows, err := x.read.QueryContext(ctx, "SELECT place FROM leaves WHERE readable AND place >= ? ORDER BY place LIMIT ?", int64(from), n)
	if err != nil {
		return nil, fmt.Errorf("store: list the exports in the ledger: %w", err)
	}
	defer rows.Close()
	var out []uint64
	for rows.Next() {
		var place int64
		if err := rows.Scan(&place); err != nil {
			return nil, fmt.Errorf("store: list the exports in the ledger: %w", err)
		}
		out = append(out, uint64(place))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: list the exports in the ledger: %w", err)
	}
	return out, nil
}
