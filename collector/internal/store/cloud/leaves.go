package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// Waiting counts the leaves about people that wait for the ledger.
func (x *Index) Waiting(ctx context.Context) (w store.Waiting, err error) {
	err = x.pool.QueryRow(ctx, "SELECT count(*), count(DISTINCT subject), EXISTS (SELECT 1 FROM devices) FROM outbox WHERE kind = $1", int16(store.PersonLeaf)).
		Scan(&w.Leaves, &w.People, &w.Enrolled)
	if err != nil {
		return w, fmt.Errorf("store: count what waits for the ledger: %w", say(err))
	}
	return w, nil
}

// NextLeaves returns at most n leaves of a kind that wait, oldest first.
func (x *Index) NextLeaves(ctx context.Context, k store.Kind, n int) ([]store.OutboxRow, error) {
	return x.leaves(ctx, "SELECT number, kind, body, NULL::bytea FROM outbox WHERE kind = $1 ORDER BY number LIMIT $2", int16(k), n)
}

// Logged notes where leaves stand, and how long the ledger is.
func (x *Index) Logged(ctx context.Context, placed []store.Placed, size uint64) error {
	var places, known []int64
	var bodies, knownBodies, unknown [][]byte
	var readable []bool
	for _, p := range placed {
		places, bodies, readable = append(places, int64(p.Place)), append(bodies, nonNil(p.Body)), append(readable, p.Readable)
		if p.Number != 0 {
			known, knownBodies = append(known, p.Number), append(knownBodies, nonNil(p.Body))
		} else {
			unknown = append(unknown, nonNil(p.Body))
		}
	}
	return x.update(ctx, func(tx pgx.Tx) error {
		var b pgx.Batch
		b.Queue(`INSERT INTO leaves (place, body, readable) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::boolean[])
			ON CONFLICT (place) DO UPDATE SET body = excluded.body, readable = excluded.readable`, places, bodies, readable)
		// Bodies are never the same by chance: a salt or an export's id is in each.
		b.Queue("DELETE FROM outbox o USING unnest($1::bigint[], $2::bytea[]) AS n (number, body) WHERE o.number = n.number AND o.body = n.body", known, knownBodies)
		b.Queue("DELETE FROM outbox WHERE body = ANY ($1)", unknown)
		b.Queue("INSERT INTO ledger (size) VALUES ($1) ON CONFLICT (one) DO UPDATE SET size = greatest(ledger.size, excluded.size)", int64(size))
		if err := tx.SendBatch(ctx, &b).Close(); err != nil {
			return fmt.Errorf("store: note leaves: %w", say(err))
		}
		return nil
	})
}

// LedgerSize is how long the ledger was when it was last noted.
func (x *Index) LedgerSize(ctx context.Context) (uint64, error) {
	var size int64
	err := x.pool.QueryRow(ctx, "SELECT size FROM ledger").Scan(&size)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("store: look up the ledger: %w", say(err))
	}
	return uint64(size), nil
}

// FindLeaves says where leaves stand.
func (x *Index) FindLeaves(ctx context.Context, bodies [][]byte) ([]int64, error) {
	where := map[string]int64{}
	err := each(ctx, x.pool, func(rows pgx.Rows) error {
		var body []byte
		var place int64
		err := rows.Scan(&body, &place)
		where[string(body)] = place
		return err
	}, "SELECT body, place FROM leaves WHERE body = ANY ($1)", bodies)
	if err != nil {
		return nil, fmt.Errorf("store: look up leaves: %w", err)
	}
	out := make([]int64, len(bodies))
	for i, b := range bodies {
		place, ok := where[string(b)]
		if !ok {
			place = -1
		}
		out[i] = place
	}
	return out, nil
}

// ReadableLeaves says where the leaves of exports stand.
func (x *Index) ReadableLeaves(ctx context.Context, from uint64, n int) (out []uint64, err error) {
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var place int64
		err := rows.Scan(&place)
		out = append(out, uint64(place))
		return err
	}, "SELECT place FROM leaves WHERE readable AND place >= $1 ORDER BY place LIMIT $2", int64(from), n)
	if err != nil {
		return nil, fmt.Errorf("store: list the exports in the ledger: %w", err)
	}
	return out, nil
}
