package cloud

import (
	"bytes"
	"context"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// facts is what the index knows about the records of one group.
type facts struct {
	deposit.Facts
	epochs map[store.ID]int64 // by subject
}

// asker is the pool or a transaction.
type asker interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// learn asks the index about a group in one round. With locks it waits for them first, and learns what holds once it has them.
func learn(ctx context.Context, q asker, locks []int64, group []store.Record) (facts, error) {
	f := facts{deposit.NewFacts(), map[store.ID]int64{}}
	var batches, subjects, devices, consents, people [][]byte
	seen, asked := map[store.ID]bool{}, map[[2]store.ID]bool{}
	for i := range group {
		r := &group[i]
		batches, subjects = append(batches, r.Batch[:]), append(subjects, r.Subject[:])
		if key := [2]store.ID{r.Device, r.Consent}; !asked[key] {
			asked[key] = true
			devices, consents = append(devices, r.Device[:]), append(consents, r.Consent[:])
		}
		if !seen[r.Subject] {
			seen[r.Subject] = true
			people = append(people, r.Subject[:])
		}
	}
	var b pgx.Batch
	if locks != nil {
		b.Queue("SELECT pg_advisory_xact_lock_shared(k) FROM unnest($1::bigint[]) AS k", locks).Query(func(rows pgx.Rows) error {
			for rows.Next() {
			}
			return rows.Err()
		})
	}
	b.Queue(`SELECT a.device, a.consent, d.subject, d.signing_key, c.withdrawn, c.policy, c.purpose FROM unnest($1::bytea[], $2::bytea[]) AS a (device, consent)
		JOIN devices d ON d.id = a.device AND NOT d.revoked LEFT JOIN consents c ON c.id = a.consent AND c.device = d.id`, devices, consents).Query(f.takeStanding)
	b.Queue("SELECT batch, digest FROM batches WHERE batch = ANY ($1)", batches).Query(func(rows pgx.Rows) error {
		var batch, digest []byte
		_, err := pgx.ForEachRow(rows, []any{&batch, &digest}, func() error { f.Stored[store.ID(batch)] = digest; return nil })
		return err
	})
	b.Queue(`SELECT e.subject, e.batch FROM unnest($1::bytea[], $2::bytea[]) AS a (subject, batch)
		JOIN erased e ON e.subject = a.subject AND e.batch = a.batch`, subjects, batches).Query(func(rows pgx.Rows) error {
		var subject, batch []byte
		_, err := pgx.ForEachRow(rows, []any{&subject, &batch}, func() error { f.Erased[[2]store.ID{store.ID(subject), store.ID(batch)}] = true; return nil })
		return err
	})
	b.Queue("SELECT subject, epoch FROM epochs WHERE subject = ANY ($1)", people).Query(func(rows pgx.Rows) error {
		var subject []byte
		var epoch int64
		_, err := pgx.ForEachRow(rows, []any{&subject, &epoch}, func() error { f.epochs[store.ID(subject)] = epoch; return nil })
		return err
	})
	if err := q.SendBatch(ctx, &b).Close(); err != nil {
		return f, fmt.Errorf("store: ask the index: %w", say(err))
	}
	return f, nil
}

func (f facts) takeStanding(rows pgx.Rows) error {
	var device, consent, subject, key, policy []byte
	var withdrawn *bool
	var purpose *string
	_, err := pgx.ForEachRow(rows, []any{&device, &consent, &subject, &key, &withdrawn, &policy, &purpose}, func() error {
		st := store.Standing{Enrolled: true, SigningKey: bytes.Clone(key), Known: withdrawn != nil}
		copy(st.Subject[:], subject)
		if st.Known {
			st.Withdrawn, st.Purpose = *withdrawn, *purpose
			copy(st.Policy[:], policy)
		}
		f.Standing[[2]store.ID{store.ID(device), store.ID(consent)}] = st
		return nil
	})
	return err
}

// judgeAgain is JudgeGroup for a group whose pack is written already. What is not in it cannot be stored now: if it was refused before,
// that stands; if it was acknowledged for the sake of another box, that one must still count.
func (f facts) judgeAgain(group []store.Record, p pack, first []store.Outcome) (out []store.Outcome, fresh []int, err error) {
	out = make([]store.Outcome, len(group))
	for i := range group {
		out[i] = f.Judge(&group[i])
		if _, ok := p.places[i]; ok && out[i] == store.Stored {
			fresh = append(fresh, i)
		}
	}
	for i := range group {
		r := &group[i]
		if _, ok := p.places[i]; ok || out[i] != store.Stored {
			continue
		}
		twin, ok := p.byBatch[r.Batch]
		switch {
		case ok && out[twin] == store.Stored:
			out[i] = deposit.Beside(&group[twin], r)
		case first[i] == store.Duplicate || first[i] == store.Conflict:
			return nil, nil, errMoved
		default:
			out[i] = first[i]
		}
	}
	return out, fresh, nil
}
