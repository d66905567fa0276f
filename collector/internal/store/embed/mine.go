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

// Holdings yields the boxes of a person.
func (x *Index) Holdings(ctx context.Context, subject store.ID) iter.Seq2[store.Holding, error] {
	return store.Pages(0, pageRows, func(after int64) ([]store.Holding, int64, error) { return x.holdings(ctx, subject, after) })
}

func (x *Index) holdings(ctx context.Context, subject store.ID, after int64) (out []store.Holding, last int64, err error) {
	rows, err := x.read.QueryContext(ctx, "SELECT number, batch, device, sequence, digest, hour FROM batches WHERE subject = ? AND number > ? ORDER BY number LIMIT ?",
		subject[:], after, pageRows)
	if err != nil {
		return nil, 0, fmt.Errorf("store: list a person's boxes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h store.Holding
		var batch, device, digest []byte
		var sequence, received int64
		if err := rows.Scan(&last, &batch, &device, &sequence, &digest, &received); err != nil {
			return nil, 0, fmt.Errorf("store: list a person's boxes: %w", err)
		}
		copy(h.Batch[:], batch)
		copy(h.Device[:], device)
		copy(h.Digest[:], digest)
		h.Sequence, h.Received = uint64(sequence), time.Unix(received, 0).UTC()
		out = append(out, h)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, fmt.Errorf("store: list a person's boxes: %w", err)
	}
	return out, last, nil
}

// selectPapers asks for a person's consents, erasures and exports.
var selectPapers = [...]string{
	"SELECT c.signed FROM consents c JOIN devices d ON d.id = c.device WHERE d.subject = ?",
	"SELECT record FROM erasures WHERE subject = ? AND record IS NOT NULL ORDER BY destroyed",
	`SELECT p.export, (SELECT count(*) FROM batches b JOIN export_batches e ON e.export = p.export AND e.number = b.number WHERE b.subject = p.subject)
		FROM export_people p WHERE p.subject = ? ORDER BY p.export`,
}

// Papers returns what was signed about a person and who read.
func (x *Index) Papers(ctx context.Context, subject store.ID) (p store.Papers, err error) {
	take := func(to *[][]byte) func(*sql.Rows) error {
		return func(rows *sql.Rows) error {
			var b []byte
			err := rows.Scan(&b)
			*to = append(*to, b)
			return err
		}
	}
	err = x.each(ctx, take(&p.Consents), selectPapers[0], subject[:])
	if err == nil {
		err = x.each(ctx, take(&p.Erasures), selectPapers[1], subject[:])
	}
	if err == nil {
		err = x.each(ctx, func(rows *sql.Rows) error {
			var export []byte
			var boxes int64
			err := rows.Scan(&export, &boxes)
			r := store.Read{Boxes: uint64(boxes)}
			copy(r.Export[:], export)
			p.Reads = append(p.Reads, r)
			return err
		}, selectPapers[2], subject[:])
	}
	return p, err
}

// Withdrawn returns withdrawals of the person's other devices.
func (x *Index) Withdrawn(ctx context.Context, subject, but store.ID, most int) (out [][]byte, err error) {
	err = x.each(ctx, func(rows *sql.Rows) error {
		var b []byte
		err := rows.Scan(&b)
		out = append(out, b)
		return err
	}, "SELECT c.signed FROM consents c JOIN devices d ON d.id = c.device WHERE d.subject = ? AND d.id <> ? AND c.withdrawn ORDER BY c.id LIMIT ?",
		subject[:], but[:], most)
	return out, err
}

// each gives every row of a query to take.
func (x *Index) each(ctx context.Context, take func(*sql.Rows) error, query string, args ...any) error {
	rows, err := x.read.QueryContext(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("store: read the index: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return fmt.Errorf("store: read the index: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("store: read the index: %w", err)
	}
	return nil
}

// SigningKey returns a device's key for signatures.
func (x *Index) SigningKey(ctx context.Context, device store.ID) (key []byte, err error) {
	err = x.read.QueryRowContext(ctx, "SELECT signing_key FROM devices WHERE id = ?", device[:]).Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("store: look up a device: %w", err)
	}
	return key, nil
}

// OfferJoin keeps what another device of the person will need.
func (x *Index) OfferJoin(ctx context.Context, token [32]byte, subject store.ID, sealed []byte, expires time.Time) error {
	_, err := x.write.ExecContext(ctx, `INSERT INTO joins (token, subject, sealed, expires) VALUES (?, ?, ?, ?)
		ON CONFLICT (subject) DO UPDATE SET token = excluded.token, sealed = excluded.sealed, expires = excluded.expires`,
		token[:], subject[:], sealed, expires.Unix())
	if isConstraint(err) {
		return store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("store: write an offer: %w", err)
	}
	return nil
}

const selectOffer = "SELECT subject, sealed FROM joins WHERE token = ? AND expires > ?"

// Offered returns whose an offer is.
func (x *Index) Offered(ctx context.Context, token [32]byte, now time.Time) (store.ID, error) {
	subject, _, err := offered(ctx, x.read, token, now)
	return subject, err
}

func offered(ctx context.Context, q querier, token [32]byte, now time.Time) (subject store.ID, sealed []byte, err error) {
	var raw []byte
	err = q.QueryRowContext(ctx, selectOffer, token[:], now.Unix()).Scan(&raw, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return subject, nil, store.ErrNotFound
	}
	if err != nil {
		return subject, nil, fmt.Errorf("store: look up an offer: %w", err)
	}
	copy(subject[:], raw)
	return subject, sealed, nil
}

// Join uses an offer up and stores the device.
func (x *Index) Join(ctx context.Context, token [32]byte, now time.Time, d store.Device) (sealed []byte, err error) {
	err = x.update(ctx, func(tx *sql.Tx) error {
		var subject store.ID
		if subject, sealed, err = offered(ctx, tx, token, now); err != nil {
			return err
		}
		if subject != d.Subject {
			return store.ErrNotFound
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM joins WHERE token = ?", token[:]); err != nil {
			return fmt.Errorf("store: use an offer: %w", err)
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO devices (id, subject, signing_key) VALUES (?, ?, ?)", d.ID[:], d.Subject[:], d.SigningKey)
		if err != nil {
			return fmt.Errorf("store: write a device: %w", err)
		}
		return nil
	})
	return sealed, err
}
