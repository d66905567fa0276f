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

// hour is a time as the store keeps it: when within the hour something arrived is nobody's business.
func hour(t time.Time) int64 { return t.UTC().Truncate(time.Hour).Unix() }

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Standing says how a device and a consent stand now.
func (s *Store) Standing(ctx context.Context, device, consent store.ID) (store.Standing, error) {
	return standing(ctx, s.read, device, consent)
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// execer is a transaction, or one that uses prepared statements.
type execer interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

const selectStanding = `SELECT d.subject, d.signing_key, c.withdrawn, c.policy, c.purpose FROM devices d
	LEFT JOIN consents c ON c.id = ? AND c.device = d.id WHERE d.id = ? AND NOT d.revoked`

func standing(ctx context.Context, q querier, device, consent store.ID) (store.Standing, error) {
	var st store.Standing
	var subject, policy []byte
	var withdrawn sql.NullBool
	var purpose sql.NullString
	err := q.QueryRowContext(ctx, selectStanding, consent[:], device[:]).Scan(&subject, &st.SigningKey, &withdrawn, &policy, &purpose)
	if errors.Is(err, sql.ErrNoRows) {
		return st, nil
	}
	if err != nil {
		return st, fmt.Errorf("store: look up a device: %w", err)
	}
	st.Enrolled = true
	st.Known, st.Withdrawn, st.Purpose = withdrawn.Valid, withdrawn.Bool, purpose.String
	copy(st.Subject[:], subject)
	copy(st.Policy[:], policy)
	return st, nil
}

// Read returns a whole record.
func (s *Store) Read(ctx context.Context, batch store.ID) (store.Record, error) {
	before := place{pack: -1}
	for {
		r, pl, err := s.readOnce(ctx, batch)
		if again := errors.Is(err, errNoKey) || errors.Is(err, store.ErrDamaged); again && pl != before {
			before = pl // an erasure may have replaced the key in between, or a compaction moved the box
			continue
		}
		if errors.Is(err, errNoKey) {
			err = errors.Join(store.ErrDamaged, err)
		}
		return r, err
	}
}

// readOnce also returns where the box lies.
func (s *Store) readOnce(ctx context.Context, batch store.ID) (r store.Record, pl place, err error) {
	r.Batch = batch
	var sealed, shred []byte
	var plain bool
	var epoch sql.NullInt64
	var subject, device, consent, policy, digest, recipients []byte
	var head, payload, received, seq int64
	err = s.read.QueryRowContext(ctx, `SELECT b.subject, device, consent, policy, purpose, sequence, digest, bucket, hour, recipients,
		pack, at, head, payload, capsules, plain, shred_key, epoch FROM batches b JOIN sealed USING (number)
		LEFT JOIN shreds k ON k.subject = b.subject AND k.number = b.number WHERE batch = ?`, batch[:]).Scan(&subject, &device,
		&consent, &policy, &r.Purpose, &seq, &digest, &r.Bucket, &received, &recipients, &pl.pack, &pl.at, &head, &payload, &sealed, &plain, &shred, &epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Record{}, pl, store.ErrNotFound
	}
	if err != nil {
		return store.Record{}, pl, fmt.Errorf("store: read a row: %w", err)
	}
	copy(r.Subject[:], subject)
	copy(r.Device[:], device)
	copy(r.Consent[:], consent)
	copy(r.Policy[:], policy)
	copy(r.Digest[:], digest)
	r.Sequence, r.Received = uint64(seq), time.Unix(received, 0).UTC()
	for ; len(recipients) >= 32; recipients = recipients[32:] {
		r.Recipients = append(r.Recipients, [32]byte(recipients))
	}
	if r.Capsules = sealed; !plain {
		if r.Capsules, err = s.openCapsules(r, sealed, shred, epoch.Int64); err != nil {
			return store.Record{}, pl, err
		}
	}
	s.pause(lookedUp)
	if r.Head, r.Payload, err = s.packs.read(pl, batch, head, payload); err != nil {
		return store.Record{}, pl, err
	}
	return r, pl, nil
}

// Scan yields rows in order of arrival.
func (s *Store) Scan(ctx context.Context, q store.Query) iter.Seq2[store.Row, error] {
	return store.Pages(q.After, pageRows, func(after int64) ([]store.Row, int64, error) {
		q := q
		q.After = after
		page, err := s.page(ctx, q)
		return page, store.LastOf(page), err
	})
}

const pageRows = 500

func (s *Store) page(ctx context.Context, q store.Query) ([]store.Row, error) {
	where, args := condition(q)
	rows, err := s.read.QueryContext(ctx, `SELECT number, batch, subject, device, consent, purpose, bucket, size, hour FROM batches b
		WHERE `+where+" ORDER BY number LIMIT ?", append(args, pageRows)...)
	if err != nil {
		return nil, fmt.Errorf("store: scan: %w", err)
	}
	defer rows.Close()
	var out []store.Row
	for rows.Next() {
		var r store.Row
		var batch, subject, device, consent []byte
		var received int64
		if err := rows.Scan(&r.Number, &batch, &subject, &device, &consent, &r.Purpose, &r.Bucket, &r.Size, &received); err != nil {
			return nil, fmt.Errorf("store: scan: %w", err)
		}
		copy(r.Batch[:], batch)
		copy(r.Subject[:], subject)
		copy(r.Device[:], device)
		copy(r.Consent[:], consent)
		r.Received = time.Unix(received, 0).UTC()
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: scan: %w", err)
	}
	return out, nil
}

// condition is what q asks for, as the WHERE of a query over batches b.
func condition(q store.Query) (string, []any) {
	where, args := "b.number > ?", []any{q.After}
	and := func(cond string, arg any) { where, args = where+" AND "+cond, append(args, arg) }
	if q.Purpose != "" {
		and("b.purpose = ?", q.Purpose)
	}
	if !q.Since.IsZero() {
		and("b.hour >= ?", q.Since.Unix())
	}
	if !q.Until.IsZero() {
		and("b.hour < ?", q.Until.Unix())
	}
	if q.Recipient != [32]byte{} {
		and("instr(b.recipients, ?) > 0", q.Recipient[:])
	}
	if q.Live {
		where += " AND " + liveConsent
	}
	return where, args
}

const liveConsent = "EXISTS (SELECT 1 FROM consents c WHERE c.id = b.consent AND NOT c.withdrawn)"

// Days sums up each UTC day that ended before now, and keeps what it tells: an operator who asks twice must not see that somebody erased.
func (s *Store) Days(ctx context.Context, now time.Time, least int) ([]store.Day, error) {
	if err := s.sumDays(ctx, now.UTC().Truncate(24*time.Hour).Unix()/daySeconds, least); err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT day, subjects, boxes, bytes FROM days WHERE subjects >= ? ORDER BY day", least)
	if err != nil {
		return nil, fmt.Errorf("store: sum up days: %w", err)
	}
	defer rows.Close()
	var out []store.Day
	for rows.Next() {
		var d store.Day
		var day int64
		if err := rows.Scan(&day, &d.Subjects, &d.Boxes, &d.Bytes); err != nil {
			return nil, fmt.Errorf("store: sum up days: %w", err)
		}
		d.Day = time.Unix(day*86400, 0).UTC()
		out = append(out, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: sum up days: %w", err)
	}
	return out, nil
}

const daySeconds = 24 * 60 * 60

// openDays are the days before one that have boxes and no sum yet. The index leads from each day to the next: no box is looked at.
const openDays = `WITH RECURSIVE d (day) AS (SELECT min(hour) / 86400 FROM batches
	UNION ALL SELECT (SELECT min(hour) / 86400 FROM batches WHERE hour >= (d.day + 1) * 86400) FROM d WHERE d.day IS NOT NULL)
	SELECT day FROM d WHERE day < ? AND day NOT IN (SELECT day FROM days)`

// sumDays keeps the sums of days that have none and had least people. They are read beside whoever writes: nobody's box waits.
func (s *Store) sumDays(ctx context.Context, today int64, least int) error {
	var open []int64
	err := s.each(ctx, func(rows *sql.Rows) error {
		var day int64
		err := rows.Scan(&day)
		open = append(open, day)
		return err
	}, openDays, today)
	if err != nil {
		return fmt.Errorf("store: sum up days: %w", err)
	}
	for _, day := range open {
		var subjects, boxes, size int64
		err := s.read.QueryRowContext(ctx, "SELECT count(DISTINCT subject), count(*), coalesce(sum(size), 0) FROM batches WHERE hour >= ? AND hour < ?",
			day*daySeconds, (day+1)*daySeconds).Scan(&subjects, &boxes, &size)
		if err == nil && subjects >= int64(least) {
			_, err = s.write.ExecContext(ctx, "INSERT OR IGNORE INTO days (day, subjects, boxes, bytes) VALUES (?, ?, ?, ?)", day, subjects, boxes, size)
		}
		if err != nil {
			return fmt.Errorf("store: sum up days: %w", err)
		}
	}
	return nil
}
