package cloud

import (
	"bytes"
	"context"
	"crypto/subtle"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// facts is what the index knows about the records of one group.
type facts struct {
	standing map[[2]store.ID]store.Standing // by device and consent
	stored   map[store.ID][]byte            // digests, by batch
	erased   map[[2]store.ID]bool           // by subject and batch
	epochs   map[store.ID]int64             // by subject
}

// asker is the pool or a transaction.
type asker interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// learn asks the index about a group in one round. With locks it waits for them first, and learns what holds once it has them.
func learn(ctx context.Context, q asker, locks []int64, group []store.Record) (facts, error) {
	f := facts{map[[2]store.ID]store.Standing{}, map[store.ID][]byte{}, map[[2]store.ID]bool{}, map[store.ID]int64{}}
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
		_, err := pgx.ForEachRow(rows, []any{&batch, &digest}, func() error { f.stored[store.ID(batch)] = digest; return nil })
		return err
	})
	b.Queue(`SELECT e.subject, e.batch FROM unnest($1::bytea[], $2::bytea[]) AS a (subject, batch)
		JOIN erased e ON e.subject = a.subject AND e.batch = a.batch`, subjects, batches).Query(func(rows pgx.Rows) error {
		var subject, batch []byte
		_, err := pgx.ForEachRow(rows, []any{&subject, &batch}, func() error { f.erased[[2]store.ID{store.ID(subject), store.ID(batch)}] = true; return nil })
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
		f.standing[[2]store.ID{store.ID(device), store.ID(consent)}] = st
		return nil
	})
	return err
}

// judgeGroup says what becomes of each record, and which are to be stored: a batch that stands twice in the group is stored once.
func (f facts) judgeGroup(group []store.Record) (out []store.Outcome, fresh []int) {
	out = make([]store.Outcome, len(group))
	first := make(map[store.ID]*store.Record, len(group))
	for i := range group {
		r := &group[i]
		if out[i] = f.judge(r); out[i] != store.Stored {
			continue
		}
		if twin, ok := first[r.Batch]; ok {
			out[i] = sameAs(twin, r)
			continue
		}
		first[r.Batch] = r
		fresh = append(fresh, i)
	}
	return out, fresh
}

// sameAs is what a record is beside one of the same id that is stored.
func sameAs(stored, r *store.Record) store.Outcome {
	if stored.Digest == r.Digest {
		return store.Duplicate
	}
	return store.Conflict
}

// judgeAgain is judgeGroup for a group whose pack is written already. What is not in it cannot be stored now: if it was refused before,
// that stands; if it was acknowledged for the sake of another box, that one must still count.
func (f facts) judgeAgain(group []store.Record, p pack, first []store.Outcome) (out []store.Outcome, fresh []int, err error) {
	out = make([]store.Outcome, len(group))
	for i := range group {
		out[i] = f.judge(&group[i])
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
			out[i] = sameAs(&group[twin], r)
		case first[i] == store.Duplicate || first[i] == store.Conflict:
			return nil, nil, errMoved
		default:
			out[i] = first[i]
		}
	}
	return out, fresh, nil
}

func (f facts) judge(r *store.Record) store.Outcome {
	st := f.standing[[2]store.ID{r.Device, r.Consent}]
	digest, stored := f.stored[r.Batch]
	switch {
	case !st.Enrolled || st.Subject != r.Subject:
		return store.UnknownDevice
	case stored && subtle.ConstantTimeCompare(digest, r.Digest[:]) == 1:
		return store.Duplicate
	case stored:
		return store.Conflict
	case f.erased[[2]store.ID{r.Subject, r.Batch}]:
		return store.WasErased
	case !st.Known:
		return store.NoConsent
	case st.Withdrawn:
		return store.Withdrawn
	case st.Policy != r.Policy || st.Purpose != r.Purpose:
		return store.Mismatch
	}
	return store.Stored
}
