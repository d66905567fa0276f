package cloud

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// Holdings yields the boxes of a person.
func (x *Index) Holdings(ctx context.Context, subject store.ID) iter.Seq2[store.Holding, error] {
	return store.Pages(0, pageRows, func(after int64) ([]store.Holding, int64, error) { return x.holdings(ctx, subject, after) })
}

func (x *Index) holdings(ctx context.Context, subject store.ID, after int64) (out []store.Holding, last int64, err error) {
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var h store.Holding
		var batch, device, digest []byte
		var sequence, received int64
		err := rows.Scan(&last, &batch, &device, &sequence, &digest, &received)
		copy(h.Batch[:], batch)
		copy(h.Device[:], device)
		copy(h.Digest[:], digest)
		h.Sequence, h.Received = uint64(sequence), time.Unix(received, 0).UTC()
		out = append(out, h)
		return err
	}, "SELECT number, batch, device, sequence, digest, hour FROM batches WHERE subject = $1 AND number > $2 ORDER BY number LIMIT $3", subject[:], after, pageRows)
	if err != nil {
		return nil, 0, fmt.Errorf("store: list a person's boxes: %w", err)
	}
	return out, last, nil
}

// Papers returns what was signed about a person and who read.
func (x *Index) Papers(ctx context.Context, subject store.ID) (p store.Papers, err error) {
	take := func(to *[][]byte) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			var b []byte
			err := rows.Scan(&b)
			*to = append(*to, b)
			return err
		}
	}
	err = each(ctx, x.pool, take(&p.Consents), "SELECT c.signed FROM consents c JOIN devices d ON d.id = c.device WHERE d.subject = $1", subject[:])
	if err == nil {
		err = each(ctx, x.pool, take(&p.Erasures), "SELECT record FROM erasures WHERE subject = $1 AND record IS NOT NULL ORDER BY destroyed", subject[:])
	}
	if err == nil {
		err = each(ctx, x.pool, func(rows pgx.Rows) error {
			var export []byte
			var boxes int64
			err := rows.Scan(&export, &boxes)
			r := store.Read{Boxes: uint64(boxes)}
			copy(r.Export[:], export)
			p.Reads = append(p.Reads, r)
			return err
		}, `SELECT p.export, (SELECT count(*) FROM batches b JOIN export_batches e ON e.export = p.export AND e.number = b.number WHERE b.subject = p.subject)
			FROM export_people p WHERE p.subject = $1 ORDER BY p.export`, subject[:])
	}
	if err != nil {
		return store.Papers{}, fmt.Errorf("store: list what is a person's: %w", err)
	}
	return p, nil
}

// Withdrawn returns withdrawals of the person's devices but this one, as they were signed, at most most of them, in the order of their consents' ids.
func (x *Index) Withdrawn(ctx context.Context, subject, but store.ID, most int) (out [][]byte, err error) {
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var b []byte
		err := rows.Scan(&b)
		out = append(out, b)
		return err
	}, "SELECT c.signed FROM consents c JOIN devices d ON d.id = c.device WHERE d.subject = $1 AND d.id <> $2 AND c.withdrawn ORDER BY c.id LIMIT $3",
		subject[:], but[:], most)
	if err != nil {
		return nil, fmt.Errorf("store: list withdrawals: %w", err)
	}
	return out, nil
}

// SigningKey returns a device's key for signatures.
func (x *Index) SigningKey(ctx context.Context, device store.ID) (key []byte, err error) {
	err = x.pool.QueryRow(ctx, "SELECT signing_key FROM devices WHERE id = $1", device[:]).Scan(&key)
	return key, found("look up a device", err)
}

// OfferJoin keeps what another device of the person will need.
func (x *Index) OfferJoin(ctx context.Context, token [32]byte, subject store.ID, sealed []byte, expires time.Time) error {
	_, err := x.pool.Exec(ctx, `INSERT INTO joins (token, subject, sealed, expires) VALUES ($1, $2, $3, $4)
		ON CONFLICT (subject) DO UPDATE SET token = excluded.token, sealed = excluded.sealed, expires = excluded.expires`,
		token[:], subject[:], nonNil(sealed), expires.Unix())
	if isUnique(err) {
		return store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("store: write an offer: %w", say(err))
	}
	return nil
}

// Offered returns whose an offer is.
func (x *Index) Offered(ctx context.Context, token [32]byte, now time.Time) (subject store.ID, err error) {
	var raw []byte
	err = x.pool.QueryRow(ctx, "SELECT subject FROM joins WHERE token = $1 AND expires > $2", token[:], now.Unix()).Scan(&raw)
	copy(subject[:], raw)
	return subject, found("look up an offer", err)
}

// Join uses an offer up and stores the device.
func (x *Index) Join(ctx context.Context, token [32]byte, now time.Time, d store.Device) (sealed []byte, err error) {
	err = x.update(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, "DELETE FROM joins WHERE token = $1 AND expires > $2 AND subject = $3 RETURNING sealed", token[:], now.Unix(), d.Subject[:]).Scan(&sealed)
		if err != nil {
			return found("use an offer", err)
		}
		return addDevice(ctx, tx, d)
	})
	return sealed, err
}
