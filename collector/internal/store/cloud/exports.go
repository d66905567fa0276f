package cloud

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// Plan counts what an export would release now, and what a withdrawal keeps back.
func (x *Index) Plan(ctx context.Context, q store.Query) (store.Plan, error) {
	return plan(ctx, x.pool, q)
}

func plan(ctx context.Context, db querier, q store.Query) (store.Plan, error) {
	q.Live = false
	w := condition(q)
	var boxes, size, withheld, people int64
	err := db.QueryRow(ctx, `SELECT count(*) FILTER (WHERE live), coalesce(sum(size) FILTER (WHERE live), 0)::bigint, count(*) FILTER (WHERE NOT live),
		count(DISTINCT subject) FILTER (WHERE live) FROM (SELECT size, subject, `+liveConsent+" AS live FROM batches b WHERE "+w.text+") AS chosen", w.args...).
		Scan(&boxes, &size, &withheld, &people)
	if err != nil {
		return store.Plan{}, fmt.Errorf("store: plan an export: %w", say(err))
	}
	return store.Plan{Boxes: uint64(boxes), Bytes: uint64(size), Withheld: uint64(withheld), People: uint64(people)}, nil
}

// Foresee adds up days that may be told.
func (x *Index) Foresee(ctx context.Context, q store.Query, now time.Time, least int) (store.Plan, error) {
	q.Live = true
	w := condition(q)
	w.and("b.hour < %", now.UTC().Truncate(24*time.Hour).Unix())
	var boxes, size int64
	err := x.pool.QueryRow(ctx, `SELECT coalesce(sum(n / 10 * 10), 0)::bigint, coalesce(sum(size >> 20 << 20), 0)::bigint FROM
		(SELECT count(*) AS n, sum(size)::bigint AS size FROM batches b WHERE `+w.text+` GROUP BY hour / 86400
		HAVING count(DISTINCT subject) >= `+strconv.Itoa(least)+") AS days", w.args...).Scan(&boxes, &size)
	if err != nil {
		return store.Plan{}, fmt.Errorf("store: foresee an export: %w", say(err))
	}
	return store.Plan{Boxes: uint64(boxes), Bytes: uint64(size)}, nil
}

// BeginExport writes down what will be released, with its leaf, before anything is. Plan and list are of one moment.
func (x *Index) BeginExport(ctx context.Context, e store.Export, leaf func(store.Plan) store.Leaf) (p store.Plan, err error) {
	err = x.snapshot(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `INSERT INTO exports (id, custodian, purpose, since, until, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			e.ID[:], e.Custodian[:], e.Query.Purpose, unixOrZero(e.Query.Since), unixOrZero(e.Query.Until), hour(e.At))
		if err != nil {
			return fmt.Errorf("store: write an export: %w", say(err))
		}
		if tag.RowsAffected() == 0 {
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

func mapExport(ctx context.Context, tx pgx.Tx, e store.Export) error {
	q := e.Query
	q.Live = true
	w := condition(q, e.ID[:])
	if _, err := tx.Exec(ctx, "INSERT INTO export_batches (export, number) SELECT $1::bytea, number FROM batches b WHERE "+w.text, w.args...); err != nil {
		return fmt.Errorf("store: map an export: %w", say(err))
	}
	var people, pseudonyms [][]byte
	err := each(ctx, tx, func(rows pgx.Rows) error {
		var subject []byte
		var pseudonym store.ID
		rand.Read(pseudonym[:]) // never fails: it ends the program rather than giving weak bytes
		err := rows.Scan(&subject)
		people, pseudonyms = append(people, subject), append(pseudonyms, pseudonym[:])
		return err
	}, "SELECT DISTINCT subject FROM export_batches JOIN batches USING (number) WHERE export = $1", e.ID[:])
	if err != nil {
		return fmt.Errorf("store: map an export: %w", err)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO export_people (export, subject, pseudonym) SELECT $1::bytea, n.subject, n.pseudonym FROM unnest($2::bytea[], $3::bytea[]) AS n (subject, pseudonym)",
		e.ID[:], people, pseudonyms); err != nil {
		return fmt.Errorf("store: map an export: %w", say(err))
	}
	return nil
}

// Released yields the batches of a begun export; each is asked for anew, so that a withdrawal takes effect in mid-stream.
func (x *Index) Released(ctx context.Context, export store.ID) iter.Seq2[store.Release, error] {
	return func(yield func(store.Release, error) bool) {
		var after int64
		for {
			r, number, err := x.nextReleased(ctx, export, after)
			if errors.Is(err, pgx.ErrNoRows) {
				return
			}
			if err != nil {
				yield(store.Release{}, fmt.Errorf("store: read an export: %w", say(err)))
				return
			}
			if !yield(r, nil) {
				return
			}
			after = number
		}
	}
}

func (x *Index) nextReleased(ctx context.Context, export store.ID, after int64) (r store.Release, number int64, err error) {
	var batch, subject, device, pseudonym []byte
	err = x.pool.QueryRow(ctx, `SELECT b.number, b.batch, b.subject, b.device, p.pseudonym, d.signing_key
		FROM export_batches e JOIN batches b ON b.number = e.number JOIN export_people p ON p.export = e.export AND p.subject = b.subject
		JOIN devices d ON d.id = b.device WHERE e.export = $1 AND e.number > $2 AND `+liveConsent+" ORDER BY e.number LIMIT 1",
		export[:], after).Scan(&number, &batch, &subject, &device, &pseudonym, &r.SigningKey)
	copy(r.Batch[:], batch)
	copy(r.Subject[:], subject)
	copy(r.Device[:], device)
	copy(r.Pseudonym[:], pseudonym)
	return r, number, err
}

// Outbox yields the leaves that no ledger has taken yet.
func (x *Index) Outbox(ctx context.Context) iter.Seq2[store.OutboxRow, error] {
	return store.Pages(0, pageRows, func(after int64) (page []store.OutboxRow, last int64, err error) {
		page, err = x.leaves(ctx, "SELECT number, kind, body, subject FROM outbox WHERE number > $1 ORDER BY number LIMIT $2", after, pageRows)
		if len(page) > 0 {
			last = page[len(page)-1].Number
		}
		return page, last, err
	})
}

func (x *Index) leaves(ctx context.Context, query string, args ...any) (out []store.OutboxRow, err error) {
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var r store.OutboxRow
		var kind int16
		var subject []byte
		err := rows.Scan(&r.Number, &kind, &r.Leaf.Body, &subject)
		r.Leaf.Kind = store.Kind(kind)
		copy(r.Leaf.Subject[:], subject)
		out = append(out, r)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read the outbox: %w", err)
	}
	return out, nil
}

func addLeaf(ctx context.Context, tx pgx.Tx, l store.Leaf) error {
	if l.Kind == 0 {
		return nil
	}
	var subject []byte
	if l.Kind == store.PersonLeaf {
		subject = l.Subject[:]
	}
	if _, err := tx.Exec(ctx, "INSERT INTO outbox (kind, body, subject) VALUES ($1, $2, $3)", int16(l.Kind), nonNil(l.Body), subject); err != nil {
		return fmt.Errorf("store: write the outbox: %w", say(err))
	}
	return nil
}
