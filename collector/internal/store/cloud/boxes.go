package cloud

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// Standing says how a device and a consent stand now.
func (x *Index) Standing(ctx context.Context, device, consent store.ID) (store.Standing, error) {
	f, err := learn(ctx, x.pool, nil, []store.Record{{Device: device, Consent: consent}})
	return f.Standing[[2]store.ID{device, consent}], err
}

// readTries is how often a box is looked for that is moved to another pack, or whose key is replaced, just then.
const readTries = 5

// Read returns a whole record.
func (s *Store) Read(ctx context.Context, batch store.ID) (store.Record, error) {
	leave, err := s.enter()
	if err != nil {
		return store.Record{}, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	var r store.Record
	for range readTries {
		r, err = s.readOnce(ctx, batch)
		if !errors.Is(err, errNoKey) && !errors.Is(err, bucket.ErrMissing) {
			return r, err
		}
	}
	return store.Record{}, errors.Join(store.ErrDamaged, err)
}

func (s *Store) readOnce(ctx context.Context, batch store.ID) (store.Record, error) {
	r := store.Record{Batch: batch}
	var sealed, shred, subject, device, consent, policy, digest, recipients, name []byte
	var epoch, received, seq int64
	var bucketSize int16
	var p place
	err := s.pool.QueryRow(ctx, `SELECT subject, device, consent, policy, purpose, sequence, digest, bucket, hour, recipients,
		pack, at, head, body, b.sealed, c.sealed, shred_key, epoch FROM batches b JOIN capsules c USING (batch) WHERE batch = $1`, batch[:]).Scan(&subject, &device,
		&consent, &policy, &r.Purpose, &seq, &digest, &bucketSize, &received, &recipients, &name, &p.at, &p.head, &p.payload, &p.sealed, &sealed, &shred, &epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Record{}, store.ErrNotFound
	}
	if err != nil {
		return store.Record{}, fmt.Errorf("store: read a row: %w", say(err))
	}
	copy(r.Subject[:], subject)
	copy(r.Device[:], device)
	copy(r.Consent[:], consent)
	copy(r.Policy[:], policy)
	copy(r.Digest[:], digest)
	r.Sequence, r.Bucket, r.Received = uint64(seq), uint8(bucketSize), time.Unix(received, 0).UTC()
	for ; len(recipients) >= 32; recipients = recipients[32:] {
		r.Recipients = append(r.Recipients, [32]byte(recipients))
	}
	k, err := s.epoch(ctx, r.Subject, epoch)
	if err != nil {
		return store.Record{}, err
	}
	if !p.sane() || len(name) != 16 {
		return store.Record{}, store.ErrDamaged
	}
	raw, err := s.objects.Range(ctx, packKey(store.ID(name)), p.at, p.size())
	if err != nil {
		return store.Record{}, fmt.Errorf("store: read a pack: %w", err)
	}
	var within []byte
	if r.Head, r.Payload, within, err = decodeRecord(raw, batch, p); err != nil {
		return store.Record{}, err
	}
	if p.sealed > 0 {
		sealed = within
	}
	if r.Capsules, err = deposit.OpenCapsules(k, r, sealed, shred); err != nil {
		return store.Record{}, err
	}
	return r, nil
}

// where is the condition of a query that grows, and its arguments.
type where struct {
	text string
	args []any
}

// and adds a condition in which % stands for arg.
func (w *where) and(cond string, arg any) {
	w.args = append(w.args, arg)
	if w.text != "" {
		w.text += " AND "
	}
	w.text += strings.Replace(cond, "%", fmt.Sprintf("$%d", len(w.args)), 1)
}

const liveConsent = "EXISTS (SELECT 1 FROM consents c WHERE c.id = b.consent AND NOT c.withdrawn)"

// condition is what q asks for of batches b; args are those that the query has already.
func condition(q store.Query, args ...any) where {
	w := where{args: args}
	w.and("b.number > %", q.After)
	if q.Purpose != "" {
		w.and("b.purpose = %", q.Purpose)
	}
	if !q.Since.IsZero() {
		w.and("b.hour >= %", q.Since.Unix())
	}
	if !q.Until.IsZero() {
		w.and("b.hour < %", q.Until.Unix())
	}
	if q.Recipient != [32]byte{} {
		w.and("position(%::bytea in b.recipients) > 0", q.Recipient[:])
	}
	if q.Live {
		w.text += " AND " + liveConsent
	}
	return w
}

const pageRows = 500

// Scan yields rows in order of arrival.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Row, error] {
	return store.Pages(q.After, pageRows, func(after int64) ([]store.Row, int64, error) {
		q := q
		q.After = after
		page, err := s.page(ctx, q)
		return page, store.LastOf(page), err
	})
}

func (s *Store) page(ctx context.Context, q store.Query) (out []store.Row, err error) {
	w := condition(q)
	err = each(ctx, s.pool, func(rows pgx.Rows) error {
		var r store.Row
		var batch, subject, device, consent []byte
		var bucketSize int16
		var received int64
		err := rows.Scan(&r.Number, &batch, &subject, &device, &consent, &r.Purpose, &bucketSize, &r.Size, &received)
		copy(r.Batch[:], batch)
		copy(r.Subject[:], subject)
		copy(r.Device[:], device)
		copy(r.Consent[:], consent)
		r.Bucket, r.Received = uint8(bucketSize), time.Unix(received, 0).UTC()
		out = append(out, r)
		return err
	}, fmt.Sprintf("SELECT number, batch, subject, device, consent, purpose, bucket, size, hour FROM batches b WHERE %s ORDER BY number LIMIT %d", w.text, pageRows), w.args...)
	if err != nil {
		return nil, fmt.Errorf("store: scan: %w", err)
	}
	return out, nil
}

// Days sums up each UTC day that ended before now, and keeps what it tells: an operator who asks twice must not see that somebody erased.
func (x *Index) Days(ctx context.Context, now time.Time, least int) (out []store.Day, err error) {
	if _, err := x.pool.Exec(ctx, `INSERT INTO days (day, subjects, boxes, bytes)
		SELECT hour / 86400, count(DISTINCT subject), count(*), sum(size)::bigint FROM batches
		WHERE hour < $1 AND hour / 86400 NOT IN (SELECT day FROM days) GROUP BY 1 HAVING count(DISTINCT subject) >= $2 ON CONFLICT DO NOTHING`,
		now.UTC().Truncate(24*time.Hour).Unix(), least); err != nil {
		return nil, fmt.Errorf("store: sum up days: %w", say(err))
	}
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var day, subjects, boxes, size int64
		err := rows.Scan(&day, &subjects, &boxes, &size)
		out = append(out, store.Day{Day: time.Unix(day*86400, 0).UTC(), Subjects: uint64(subjects), Boxes: uint64(boxes), Bytes: uint64(size)})
		return err
	}, "SELECT day, subjects, boxes, bytes FROM days WHERE subjects >= $1 ORDER BY day", least)
	if err != nil {
		return nil, fmt.Errorf("store: sum up days: %w", err)
	}
	return out, nil
}
