package embed

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Plan counts what an export would release now, and what a withdrawal keeps back.
func (x *Index) Plan(ctx context.Context, q store.Query) (store.Plan, error) {
	return plan(ctx, x.read, q)
}

func plan(ctx context.Context, db querier, q store.Query) (store.Plan, error) {
	var p store.Plan
	q.Live = false
	where, args := condition(q)
	err := db.QueryRowContext(ctx, `SELECT coalesce(sum(live), 0), coalesce(sum(CASE WHEN live THEN size ELSE 0 END), 0),
		count(*) - coalesce(sum(live), 0), count(DISTINCT CASE WHEN live THEN subject END)
		FROM (SELECT size, subject, `+liveConsent+" AS live FROM batches b WHERE "+where+")",
		args...).Scan(&p.Boxes, &p.Bytes, &p.Withheld, &p.People)
	if err != nil {
		return store.Plan{}, fmt.Errorf("store: plan an export: %w", err)
	}
	return p, nil
}

// Foresee adds up days that may be told.
func (x *Index) Foresee(ctx context.Context, q store.Query, now time.Time, least int) (p store.Plan, err error) {
	q.Live = true
	where, args := condition(q)
	err = x.read.QueryRowContext(ctx, `SELECT coalesce(sum(n / 10 * 10), 0), coalesce(sum(size >> 20 << 20), 0) FROM
		(SELECT count(*) AS n, sum(size) AS size FROM batches b WHERE `+where+` AND hour < ? GROUP BY hour / 86400 HAVING count(DISTINCT subject) >= ?)`,
		append(args, now.UTC().Truncate(24*time.Hour).Unix(), least)...).Scan(&p.Boxes, &p.Bytes)
	if err != nil {
		return store.Plan{}, fmt.Errorf("store: foresee an export: %w", err)
	}
	return p, nil
}

// BeginExport writes down what will be released, with its leaf, before anything is.
func (x *Index) BeginExport(ctx context.Context, e store.Export, leaf func(store.Plan) store.Leaf) (store.Plan, error) {
	var p store.Plan
	err := x.update(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO exports (id, custodian, purpose, since, until, at) VALUES (?,?,?,?,?,?)`,
			e.ID[:], e.Custodian[:], e.Query.Purpose, unixOrZero(e.Query.Since), unixOrZero(e.Query.Until), hour(e.At))
		if err != nil {
			return fmt.Errorf("store: write an export: %w", err)
		}
		if mustTouch(res) != nil {
			return store.ErrExists
		}
		if p, err = plan(ctx, tx, e.Query); err != nil {
			return err
		}
		if err := mapExport(ctx, tx, e); err != nil {
			return err
		}
		return addLeaf(ctx, tx, leaf(p))
	})
	return p, err
}

func mapExport(ctx context.Context, tx *sql.Tx, e store.Export) error {
	q := e.Query
	q.Live = true
	where, args := condition(q)
	if _, err := tx.ExecContext(ctx, "INSERT INTO export_batches (export, number) SELECT ?, number FROM batches b WHERE "+where,
		append([]any{e.ID[:]}, args...)...); err != nil {
		return fmt.Errorf("store: map an export: %w", err)
	}
	people, err := exportPeople(ctx, tx, e.ID)
	if err != nil {
		return err
	}
	for _, subject := range people {
		var pseudonym store.ID
		if _, err := rand.Read(pseudonym[:]); err != nil {
			return fmt.Errorf("store: draw a pseudonym: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO export_people (export, subject, pseudonym) VALUES (?, ?, ?)",
			e.ID[:], subject, pseudonym[:]); err != nil {
			return fmt.Errorf("store: map an export: %w", err)
		}
	}
	return nil
}

func exportPeople(ctx context.Context, tx *sql.Tx, export store.ID) ([][]byte, error) {
	rows, err := tx.QueryContext(ctx, "SELECT DISTINCT subject FROM export_batches JOIN batches USING (number) WHERE export = ?", export[:])
	if err != nil {
		return nil, fmt.Errorf("store: map an export: %w", err)
	}
	defer rows.Close()
	var out [][]byte
	for rows.Next() {
		var subject []byte
		if err := rows.Scan(&subject); err != nil {
			return nil, fmt.Errorf("store: map an export: %w", err)
		}
		out = append(out, subject)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: map an export: %w", err)
	}
	return out, nil
}

// Unknown are those of the exports that the index does not know.
func (x *Index) Unknown(ctx context.Context, exports []store.ID) (unknown []store.ID, err error) {
	for _, id := range exports {
		var known bool
		if err := x.read.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM exports WHERE id = ?)", id[:]).Scan(&known); err != nil {
			return nil, fmt.Errorf("store: look up an export: %w", err)
		}
		if !known {
			unknown = append(unknown, id)
		}
	}
	return unknown, nil
}

// Released yields the batches of a begun export; each is asked for anew, so that a withdrawal takes effect in mid-stream.
func (x *Index) Released(ctx context.Context, export store.ID) iter.Seq2[store.Release, error] {
	return func(yield func(store.Release, error) bool) {
		var after int64
		for {
			r, number, err := x.nextReleased(ctx, export, after)
			if errors.Is(err, sql.ErrNoRows) {
				return
			}
			if err != nil {
				yield(store.Release{}, fmt.Errorf("store: read an export: %w", err))
				return
			}
			if !yield(r, nil) {
				return
			}
			after = number
		}
	}
}

func (x *Index) nextReleased(ctx context.Context, export store.ID, after int64) (store.Release, int64, error) {
	var r store.Release
	var number int64
	var batch, subject, device, pseudonym []byte
	err := x.read.QueryRowContext(ctx, `SELECT b.number, b.batch, b.subject, b.device, p.pseudonym, d.signing_key
		FROM export_batches e JOIN batches b ON b.number = e.number JOIN export_people p ON p.export = e.export AND p.subject = b.subject
		JOIN devices d ON d.id = b.device WHERE e.export = ? AND e.number > ? AND `+liveConsent+" ORDER BY e.number LIMIT 1",
		export[:], after).Scan(&number, &batch, &subject, &device, &pseudonym, &r.SigningKey)
	copy(r.Batch[:], batch)
	copy(r.Subject[:], subject)
	copy(r.Device[:], device)
	copy(r.Pseudonym[:], pseudonym)
	return r, number, err
}

// Outbox yields the leaves that no ledger has taken yet.
func (x *Index) Outbox(ctx context.Context) iter.Seq2[store.OutboxRow, error] {
	return func(yield func(store.OutboxRow, error) bool) {
		var after int64
		for {
			var r store.OutboxRow
			var subject []byte
			err := x.read.QueryRowContext(ctx, "SELECT number, kind, body, subject FROM outbox WHERE number > ? ORDER BY number LIMIT 1", after).
				Scan(&r.Number, &r.Leaf.Kind, &r.Leaf.Body, &subject)
			copy(r.Leaf.Subject[:], subject)
			if errors.Is(err, sql.ErrNoRows) {
				return
			}
			if err != nil {
				yield(store.OutboxRow{}, fmt.Errorf("store: read the outbox: %w", err))
				return
			}
			if !yield(r, nil) {
				return
			}
			after = r.Number
		}
	}
}

func addLeaf(ctx context.Context, tx execer, l store.Leaf) error {
	if l.Kind == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, intoOutbox.one, leafRow(l)...); err != nil {
		return fmt.Errorf("store: write the outbox: %w", err)
	}
	return nil
}

// leafRow is a leaf as the outbox has it.
func leafRow(l store.Leaf) []any {
	var subject []byte
	if l.Kind == store.PersonLeaf {
		subject = l.Subject[:]
	}
	return []any{l.Kind, nonNil(l.Body), subject}
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
