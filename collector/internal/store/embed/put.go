package embed

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/byleave/byleave/collector/internal/store"
)

// Put judges the group, writes what is new to a pack, syncs it, and commits rows, capsules and leaves. One transaction spans
// all of it, so that no withdrawal or revocation slips in between.
func (s *Store) Put(ctx context.Context, group []store.Record) ([]store.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	out := make([]store.Outcome, len(group))
	err := s.update(ctx, func(plain *sql.Tx) error {
		tx := preparedTx{plain, s.prepared}
		fresh, err := judgeGroup(ctx, tx, group, out)
		if err != nil || len(fresh) == 0 {
			return err
		}
		places, err := s.packs.append(fresh)
		if err != nil {
			return err
		}
		return s.insertGroup(ctx, tx, fresh, places)
	})
	if err != nil {
		s.suspect(err)
		return nil, err
	}
	close(s.arrived)
	s.arrived = make(chan struct{})
	return out, nil
}

const (
	lookup = 64 // how many ids one question to the index names
	many   = 16 // how many short rows one statement inserts
)

const (
	insertBox = `INSERT INTO batches (batch, subject, device, consent, policy, purpose, sequence, digest,
		bucket, size, hour, recipients, pack, at, head, payload) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`
	insertCapsules = "INSERT OR REPLACE INTO sealed (number, capsules) VALUES (?, ?)"
	insertShred    = "INSERT OR REPLACE INTO shreds (subject, number, shred_key, epoch) VALUES (?, ?, ?, ?)"
)

var (
	selectStored       = "SELECT batch, digest FROM batches WHERE batch IN (?" + strings.Repeat(",?", lookup-1) + ")"
	insertManyCapsules = insertCapsules + strings.Repeat(", (?, ?)", many-1)
	insertManyShreds   = insertShred + strings.Repeat(", (?, ?, ?, ?)", many-1)
	selectErased       = "WITH asked (subject, batch) AS (VALUES (?,?)" + strings.Repeat(",(?,?)", lookup-1) +
		") SELECT e.subject, e.batch FROM asked CROSS JOIN erased e ON e.subject = asked.subject AND e.batch = asked.batch"
)

// prepareHot prepares what Put says to the index over and over, on its one writing connection.
func (x *Index) prepareHot(ctx context.Context) (map[string]*sql.Stmt, error) {
	out := map[string]*sql.Stmt{}
	for _, text := range []string{selectStanding, selectEpoch, selectStored, selectErased, insertBox, insertCapsules, insertShred, insertManyCapsules, insertManyShreds, insertLeaf} {
		var err error
		if out[text], err = x.write.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("store: prepare a statement: %w", err)
		}
	}
	return out, nil
}

// preparedTx is a transaction that takes a prepared statement where there is one.
type preparedTx struct {
	*sql.Tx
	prepared map[string]*sql.Stmt
}

// QueryRowContext is that of the transaction.
func (t preparedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := t.prepared[query]; st != nil {
		return t.StmtContext(ctx, st).QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

// ExecContext is that of the transaction.
func (t preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := t.prepared[query]; st != nil {
		return t.StmtContext(ctx, st).ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// pairs asks for rows of two columns and gives each to take.
func (t preparedTx) pairs(ctx context.Context, query string, args []any, take func(a, b []byte)) (err error) {
	rows, err := t.StmtContext(ctx, t.prepared[query]).QueryContext(ctx, args...)
	if err != nil {
		return fmt.Errorf("store: look up batches: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var a, b []byte
		if err := rows.Scan(&a, &b); err != nil {
			return fmt.Errorf("store: look up batches: %w", err)
		}
		take(a, b)
	}
	return rows.Err()
}

// facts is what the index knows about the records of one group.
type facts struct {
	standing map[[2]store.ID]store.Standing // by device and consent
	stored   map[store.ID][]byte            // digests, by batch
	erased   map[[2]store.ID]bool           // by subject and batch
}

// learn asks the index about a group in few questions.
func learn(ctx context.Context, tx preparedTx, group []store.Record) (f facts, err error) {
	f = facts{map[[2]store.ID]store.Standing{}, map[store.ID][]byte{}, map[[2]store.ID]bool{}}
	for i := range group {
		r := &group[i]
		key := [2]store.ID{r.Device, r.Consent}
		if _, ok := f.standing[key]; ok {
			continue
		}
		if f.standing[key], err = standing(ctx, tx, r.Device, r.Consent); err != nil {
			return f, err
		}
	}
	for rest := group; len(rest) > 0; rest = rest[min(lookup, len(rest)):] {
		batches, both := make([]any, lookup), make([]any, 2*lookup) // what is left over stays NULL, which equals nothing
		for i := range min(lookup, len(rest)) {
			batches[i], both[2*i], both[2*i+1] = rest[i].Batch[:], rest[i].Subject[:], rest[i].Batch[:]
		}
		err := tx.pairs(ctx, selectStored, batches, func(batch, digest []byte) { f.stored[store.ID(batch)] = digest })
		if err == nil {
			err = tx.pairs(ctx, selectErased, both, func(subject, batch []byte) { f.erased[[2]store.ID{store.ID(subject), store.ID(batch)}] = true })
		}
		if err != nil {
			return f, err
		}
	}
	return f, nil
}

// judgeGroup fills out, and returns the records to store: a batch that stands twice in the group is stored once.
func judgeGroup(ctx context.Context, tx preparedTx, group []store.Record, out []store.Outcome) ([]*store.Record, error) {
	known, err := learn(ctx, tx, group)
	if err != nil {
		return nil, err
	}
	var fresh []*store.Record
	first := make(map[store.ID]*store.Record, len(group))
	for i := range group {
		r := &group[i]
		if out[i] = known.judge(r); out[i] != store.Stored {
			continue
		}
		if twin, ok := first[r.Batch]; ok {
			out[i] = store.Duplicate
			if twin.Digest != r.Digest {
				out[i] = store.Conflict
			}
			continue
		}
		first[r.Batch] = r
		fresh = append(fresh, r)
	}
	return fresh, nil
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

func (s *Store) insertGroup(ctx context.Context, tx preparedTx, fresh []*store.Record, places []place) error {
	epochs := map[store.ID]epochKey{}
	var capsules, shreds []any
	for i, r := range fresh {
		var recipients []byte
		for _, k := range r.Recipients {
			recipients = append(recipients, k[:]...)
		}
		res, err := tx.ExecContext(ctx, insertBox, r.Batch[:], r.Subject[:], r.Device[:], r.Consent[:], r.Policy[:], r.Purpose,
			int64(r.Sequence), r.Digest[:], r.Bucket, r.Size(), hour(r.Received), nonNil(recipients), places[i].pack,
			places[i].at, len(r.Head), len(r.Payload))
		var number int64
		if err == nil {
			number, err = res.LastInsertId()
		}
		if err != nil {
			return fmt.Errorf("store: write the index: %w", err)
		}
		epoch, ok := epochs[r.Subject]
		if !ok {
			if epoch, err = s.epochOf(ctx, tx, r.Subject); err != nil {
				return err
			}
			epochs[r.Subject] = epoch
		}
		sealed, shred, err := sealCapsules(epoch, r.Batch, r.Digest, r.Capsules)
		if err != nil {
			return err
		}
		capsules = append(capsules, number, sealed)
		shreds = append(shreds, r.Subject[:], number, shred, epoch.number)
		if err := addLeaf(ctx, tx, r.Leaf); err != nil {
			return err
		}
	}
	if err := insertAll(ctx, tx, insertManyCapsules, insertCapsules, 2, capsules); err != nil {
		return err
	}
	return insertAll(ctx, tx, insertManyShreds, insertShred, 4, shreds)
}

// insertAll inserts rows of a width, many at once as long as there are so many.
func insertAll(ctx context.Context, tx preparedTx, some, one string, width int, args []any) error {
	for len(args) > 0 {
		text, n := one, width
		if len(args) >= many*width {
			text, n = some, many*width
		}
		if _, err := tx.ExecContext(ctx, text, args[:n]...); err != nil {
			return fmt.Errorf("store: write the capsules: %w", err)
		}
		args = args[n:]
	}
	return nil
}
