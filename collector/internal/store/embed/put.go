package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// Prepare computes the checksum of a record. Whoever has just read all its bytes does so for less than Put, which has to fetch them again.
func (s *Store) Prepare(r *store.Record) { prepare(r) }

// Put judges the group, writes what is new to a pack, and commits rows, capsules and leaves once the pack is synced. One transaction
// spans all of it, so that no withdrawal or revocation slips in between.
func (s *Store) Put(ctx context.Context, group []store.Record) ([]store.Outcome, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	var out []store.Outcome
	err := s.update(ctx, func(plain *sql.Tx) error {
		tx := preparedTx{plain, s.prepared, map[string]*sql.Stmt{}}
		known, err := learn(ctx, tx, group)
		if err != nil {
			return err
		}
		var chosen []int
		if out, chosen = known.JudgeGroup(group); len(chosen) == 0 {
			return nil
		}
		fresh := make([]*store.Record, len(chosen))
		for i, n := range chosen {
			fresh[i] = &group[n]
		}
		places, synced, err := s.packs.append(fresh)
		if err != nil {
			return err
		}
		err = s.insertGroup(ctx, tx, fresh, places)
		return errors.Join(err, synced())
	})
	if err != nil {
		s.suspect(err)
		return nil, err
	}
	s.wrote(len(group))
	close(s.arrived)
	s.arrived = make(chan struct{})
	return out, nil
}

const (
	lookup = 64 // how many ids one question to the index names
	few    = 4  // the same of a small group: a question costs by the ids that it has room for
	many   = 16 // how many short rows one statement inserts
)

// into is a statement that inserts one row, and the same for many at once.
type into struct {
	one, many string
	columns   int
}

func insertInto(table string, columns ...string) into {
	row := "(?" + strings.Repeat(",?", len(columns)-1) + ")"
	one := "INSERT " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + row
	return into{one, one + strings.Repeat(","+row, many-1), len(columns)}
}

var (
	intoBatches = insertInto("INTO batches", "batch", "subject", "device", "consent", "policy", "purpose", "sequence", "digest",
		"bucket", "size", "hour", "recipients", "pack", "at", "head", "payload")
	intoSealed = insertInto("OR REPLACE INTO sealed", "number", "capsules")
	intoShreds = insertInto("OR REPLACE INTO shreds", "subject", "number", "shred_key", "epoch")
	intoOutbox = insertInto("INTO outbox", "kind", "body", "subject")
)

var askMany, askFew = askFor(lookup), askFor(few)

// ask is what the index is asked about so many ids at once.
type ask struct {
	ids            int
	stored, erased string
}

func askFor(ids int) ask {
	return ask{ids, "SELECT batch, digest FROM batches WHERE batch IN (?" + strings.Repeat(",?", ids-1) + ")",
		"WITH asked (subject, batch) AS (VALUES (?,?)" + strings.Repeat(",(?,?)", ids-1) +
			") SELECT e.subject, e.batch FROM asked CROSS JOIN erased e ON e.subject = asked.subject AND e.batch = asked.batch"}
}

// prepareHot prepares what Put says to the index over and over, on its one writing connection.
func (x *Index) prepareHot(ctx context.Context) (map[string]*sql.Stmt, error) {
	out := map[string]*sql.Stmt{}
	for _, text := range []string{selectStanding, selectEpoch, askMany.stored, askMany.erased, askFew.stored, askFew.erased, intoBatches.one, intoBatches.many,
		intoSealed.one, intoSealed.many, intoShreds.one, intoShreds.many, intoOutbox.one, intoOutbox.many} {
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
	own      map[string]*sql.Stmt // those of this transaction
}

// statement is the prepared one, nil if there is none.
func (t preparedTx) statement(ctx context.Context, query string) *sql.Stmt {
	st := t.own[query]
	if st == nil && t.prepared[query] != nil {
		st = t.StmtContext(ctx, t.prepared[query])
		t.own[query] = st
	}
	return st
}

// QueryRowContext is that of the transaction.
func (t preparedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if st := t.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return t.Tx.QueryRowContext(ctx, query, args...)
}

// ExecContext is that of the transaction.
func (t preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if st := t.statement(ctx, query); st != nil {
		return st.ExecContext(ctx, args...)
	}
	return t.Tx.ExecContext(ctx, query, args...)
}

// insert inserts rows, whose values stand one behind the other, and gives the number of the last.
func (t preparedTx) insert(ctx context.Context, to into, values []any) (last int64, err error) {
	for len(values) > 0 {
		query, n := to.one, to.columns
		if len(values) >= many*to.columns {
			query, n = to.many, many*to.columns
		}
		res, err := t.ExecContext(ctx, query, values[:n]...)
		if err == nil {
			last, err = res.LastInsertId()
		}
		if err != nil {
			return 0, err
		}
		values = values[n:]
	}
	return last, nil
}

// pairs asks for rows of two columns and gives each to take.
func (t preparedTx) pairs(ctx context.Context, query string, args []any, take func(a, b []byte)) (err error) {
	rows, err := t.statement(ctx, query).QueryContext(ctx, args...)
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

// learn asks the index about a group in few questions.
func learn(ctx context.Context, tx preparedTx, group []store.Record) (f deposit.Facts, err error) {
	f = deposit.NewFacts()
	for i := range group {
		r := &group[i]
		key := [2]store.ID{r.Device, r.Consent}
		if _, ok := f.Standing[key]; ok {
			continue
		}
		if f.Standing[key], err = standing(ctx, tx, r.Device, r.Consent); err != nil {
			return f, err
		}
	}
	for rest := group; len(rest) > 0; {
		q := askMany
		if len(rest) <= few {
			q = askFew
		}
		batches, both := make([]any, q.ids), make([]any, 2*q.ids) // what is left over stays NULL, which equals nothing
		for i := range min(q.ids, len(rest)) {
			batches[i], both[2*i], both[2*i+1] = rest[i].Batch[:], rest[i].Subject[:], rest[i].Batch[:]
		}
		err := tx.pairs(ctx, q.stored, batches, func(batch, digest []byte) { f.Stored[store.ID(batch)] = digest })
		if err == nil {
			err = tx.pairs(ctx, q.erased, both, func(subject, batch []byte) { f.Erased[[2]store.ID{store.ID(subject), store.ID(batch)}] = true })
		}
		if err != nil {
			return f, err
		}
		rest = rest[min(q.ids, len(rest)):]
	}
	return f, nil
}

func (s *Store) insertGroup(ctx context.Context, tx preparedTx, fresh []*store.Record, places []place) error {
	boxes := make([]any, 0, len(fresh)*intoBatches.columns)
	for i, r := range fresh {
		var recipients []byte
		for _, k := range r.Recipients {
			recipients = append(recipients, k[:]...)
		}
		boxes = append(boxes, r.Batch[:], r.Subject[:], r.Device[:], r.Consent[:], r.Policy[:], r.Purpose, int64(r.Sequence), r.Digest[:],
			r.Bucket, r.Size(), hour(r.Received), nonNil(recipients), places[i].pack, places[i].at, len(r.Head), len(r.Payload))
	}
	last, err := tx.insert(ctx, intoBatches, boxes)
	if err != nil {
		return fmt.Errorf("store: write the index: %w", err)
	}
	return s.insertKeys(ctx, tx, fresh, last-int64(len(fresh))+1) // nobody else writes: the numbers of the group follow each other
}

// roomForCapsules is memory for the sealed capsules of a group, which the next group takes again. Its user holds mu.
func (s *Store) roomForCapsules(fresh []*store.Record) []byte {
	const most = 2 << 20 // that is kept
	length := 0
	for _, r := range fresh {
		length += len(r.Capsules) + deposit.SealedMore
	}
	room := slices.Grow(s.sealing[:0], length)
	if cap(room) <= most {
		s.sealing = room
	}
	return room
}

// insertKeys inserts capsules, shred keys and leaves of boxes whose numbers begin with first.
func (s *Store) insertKeys(ctx context.Context, tx preparedTx, fresh []*store.Record, first int64) error {
	capsules := make([]any, 0, len(fresh)*intoSealed.columns)
	shreds := make([]any, 0, len(fresh)*intoShreds.columns)
	leaves := make([]any, 0, len(fresh)*intoOutbox.columns)
	room := s.roomForCapsules(fresh)
	epochs := map[store.ID]deposit.Wrapper{}
	for i, r := range fresh {
		epoch, ok := epochs[r.Subject]
		if !ok {
			var err error
			if epoch, err = s.wrapperOf(ctx, tx, r.Subject); err != nil {
				return err
			}
			epochs[r.Subject] = epoch
		}
		sealed, shred, err := epoch.SealCapsules(room, r.Batch, r.Digest, r.Capsules)
		if err != nil {
			return err
		}
		room = sealed[len(sealed):]
		number := first + int64(i)
		capsules = append(capsules, number, sealed)
		shreds = append(shreds, r.Subject[:], number, shred, epoch.Number)
		if r.Leaf.Kind != 0 {
			leaves = append(leaves, leafRow(r.Leaf)...)
		}
	}
	for _, rows := range []struct {
		to     into
		values []any
	}{{intoSealed, capsules}, {intoShreds, shreds}, {intoOutbox, leaves}} {
		if _, err := tx.insert(ctx, rows.to, rows.values); err != nil {
			return fmt.Errorf("store: write the keys and leaves: %w", err)
		}
	}
	return nil
}
