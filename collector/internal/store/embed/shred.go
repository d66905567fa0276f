package embed

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// wrapperOf is what wraps the shred key of the person's next box.
func (s *Store) wrapperOf(ctx context.Context, tx execer, subject store.ID) (deposit.Wrapper, error) {
	k, err := s.epochOf(ctx, tx, subject)
	if err != nil {
		return deposit.Wrapper{}, err
	}
	return deposit.NewWrapper(k)
}

// openCapsules opens the capsules of a box with the person's key of that number.
func (s *Store) openCapsules(r store.Record, sealed, shred []byte, number int64) ([]byte, error) {
	k, err := s.ring.epoch(r.Subject, number)
	if err != nil {
		return nil, err
	}
	return deposit.OpenCapsules(k, r, sealed, shred)
}

// row is a box whose capsules are to be wrapped, or wrapped anew.
type row struct {
	number        int64
	batch, digest []byte
	subject       store.ID
	sealed, shred []byte
	epoch         sql.NullInt64
}

// wrapPage is how many rows are wrapped in one transaction or read at once.
const wrapPage = 500

// upgrade puts capsules that an older collector left as they came under shred keys.
func (s *Store) upgrade(ctx context.Context) error {
	for {
		n := 0
		err := s.update(ctx, func(tx *sql.Tx) error {
			rows, err := readRows(ctx, tx, `SELECT b.number, b.batch, b.digest, b.subject, c.capsules, NULL, NULL FROM sealed c
				JOIN batches b USING (number) WHERE c.plain LIMIT ?`, wrapPage)
			if err != nil {
				return err
			}
			n = len(rows)
			return s.wrapRows(ctx, tx, rows)
		})
		if err != nil {
			return err
		}
		if n == 0 {
			// Capsules of no box, left by a repair: nobody reads them.
			_, err := s.write.ExecContext(ctx, "DELETE FROM sealed WHERE plain")
			return s.checkpoint(ctx, err)
		}
	}
}

func (s *Store) wrapRows(ctx context.Context, tx *sql.Tx, rows []row) error {
	for _, r := range rows {
		if len(r.batch) != 16 || len(r.digest) != 32 {
			continue // damaged: the delete at the end of upgrade takes it
		}
		k, err := s.wrapperOf(ctx, tx, r.subject)
		if err != nil {
			return err
		}
		sealed, shred, err := k.SealCapsules(nil, store.ID(r.batch), [32]byte(r.digest), r.sealed)
		if err != nil {
			return err
		}
		if _, err = tx.ExecContext(ctx, "UPDATE sealed SET capsules = ?, plain = 0 WHERE number = ?", sealed, r.number); err == nil {
			_, err = tx.ExecContext(ctx, intoShreds.one, r.subject[:], r.number, shred, k.Number)
		}
		if err != nil {
			return fmt.Errorf("store: wrap capsules: %w", err)
		}
	}
	return nil
}

func readRows(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]row, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read capsules: %w", err)
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		var r row
		var subject []byte
		if err := rows.Scan(&r.number, &r.batch, &r.digest, &subject, &r.sealed, &r.shred, &r.epoch); err != nil {
			return nil, fmt.Errorf("store: read capsules: %w", err)
		}
		copy(r.subject[:], subject)
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read capsules: %w", err)
	}
	return out, nil
}

// rewrap moves what is left of a person from their old epoch key to the new one. A row whose old key is gone stays as it is.
func (s *Store) rewrap(ctx context.Context, tx *sql.Tx, subject store.ID, from, to deposit.Epoch) error {
	if from.Number == 0 {
		return nil // nothing opens: compareEpochs counts and takes out
	}
	keys, err := deposit.NewMove(from, to)
	if err != nil {
		return err
	}
	move, err := tx.PrepareContext(ctx, "UPDATE shreds SET shred_key = ?, epoch = ? WHERE subject = ? AND number = ?")
	if err != nil {
		return fmt.Errorf("store: wrap a shred key: %w", err)
	}
	defer move.Close()
	var after int64
	for {
		rows, err := readRows(ctx, tx, `SELECT k.number, b.batch, NULL, k.subject, NULL, k.shred_key, k.epoch FROM shreds k
			JOIN batches b USING (number) WHERE k.subject = ? AND k.number > ? ORDER BY k.number LIMIT ?`, subject[:], after, wrapPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			after = r.number
			if r.epoch.Int64 != from.Number || len(r.batch) != 16 {
				continue
			}
			shred, ok := keys.Shred(store.ID(r.batch), r.shred)
			if !ok {
				continue
			}
			if _, err := move.ExecContext(ctx, shred, to.Number, subject[:], r.number); err != nil {
				return fmt.Errorf("store: wrap a shred key: %w", err)
			}
		}
	}
}

// checkpoint moves the index's log into it and empties the log, so that old pages are nowhere; err is passed on.
func (s *Store) checkpoint(ctx context.Context, err error) error {
	if err != nil {
		return fmt.Errorf("store: write the index: %w", err)
	}
	// A reader may keep the log from being emptied: it is at the next checkpoint, and nothing rests upon it.
	if err := s.emptyLog(ctx); err != nil && isTrouble(err) {
		s.log.Warn("the index's log could not be emptied; it is at the next start", "error", err)
	}
	return nil
}
