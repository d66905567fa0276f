package cloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// An erasure, in the order of the code below. Any collector can go on with it from step 2 on:
//
//	1 examine  refuse what names another person's box, or too much
//	2 journal  the intent is durable in the bucket, outside the index, and a job; from here on it is completed, whatever happens
//	3 prepare  the person's next epoch key is durable beside the current one
//	4 destroy  one transaction: rows and shred keys of what is named go, the person's other shred keys move to the next key
//	5 replace  the current epoch key is destroyed: no copy of the index from before opens anything of this person
//	6 record   one transaction: the signed record and its leaf
//	7 scrub    jobs: packs are written anew without the bytes, which nobody can open any more

// Erase destroys what e names.
func (s *Store) Erase(ctx context.Context, e store.Erasure, sign store.SignErasure) ([]byte, error) {
	leave, err := s.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx = context.WithoutCancel(ctx) // a caller that goes away must not cut it short
	if len(e.Batches) > store.MaxErase || e.All == (len(e.Batches) > 0) {
		return nil, store.ErrLimit
	}
	known, err := s.examine(ctx, e)
	if err != nil {
		return nil, err
	}
	if !known {
		if err := s.writeIntent(ctx, e); err != nil {
			return nil, err
		}
		if err := s.want(ctx, s.pool, jobErase, e.ID[:], eraseAgain); err != nil {
			return nil, err
		}
	}
	if err := s.destroy(ctx, e); err != nil {
		return nil, err
	}
	record, err := s.record(ctx, e.ID, sign)
	s.wake()
	return record, err
}

// eraseAgain is how long other collectors leave an erasure to the one that was asked.
const eraseAgain = 2 * time.Minute

// examine refuses what may not be erased, and tells whether the erasure is known already.
func (s *Store) examine(ctx context.Context, e store.Erasure) (known bool, err error) {
	var subject, digest []byte
	err = s.pool.QueryRow(ctx, "SELECT subject, digest FROM erasures WHERE id = $1", e.ID[:]).Scan(&subject, &digest)
	if err == nil {
		want := deposit.Digest(e.Batches)
		if !bytes.Equal(subject, e.Subject[:]) || !e.All && !bytes.Equal(digest, want[:]) {
			return true, store.ErrExists
		}
		return true, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("store: look up an erasure: %w", say(err))
	}
	var named, own, remembered int
	err = s.pool.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE subject = $2) FROM batches WHERE batch = ANY ($1)", slicesOf(e.Batches), e.Subject[:]).
		Scan(&named, &own)
	if err != nil {
		return false, fmt.Errorf("store: look up batches: %w", say(err))
	}
	if own < named {
		return false, store.ErrForeign
	}
	if named == len(e.Batches) {
		return false, nil
	}
	if err := s.pool.QueryRow(ctx, "SELECT count(*) FROM erased WHERE subject = $1", e.Subject[:]).Scan(&remembered); err != nil {
		return false, fmt.Errorf("store: count what was erased: %w", say(err))
	}
	if remembered+len(e.Batches)-named > store.MaxErased {
		return false, store.ErrLimit
	}
	return false, nil
}

func slicesOf(ids []store.ID) [][]byte {
	out := make([][]byte, len(ids))
	for i := range ids {
		out[i] = ids[i][:]
	}
	return out
}

// destroy is steps 3 to 5. Done already, it does nothing.
func (s *Store) destroy(ctx context.Context, e store.Erasure) error {
	for try := 1; ; try++ {
		number, done, err := s.standingOf(ctx, e)
		if err != nil {
			return err
		}
		if !done {
			err = s.destroyAt(ctx, e, number)
		}
		if err == nil {
			return s.replace(ctx, e)
		}
		if !isRace(err) || try == updateTries {
			return err
		}
	}
}

// standingOf is the person's epoch, and whether step 4 was done.
func (s *Store) standingOf(ctx context.Context, e store.Erasure) (number int64, done bool, err error) {
	err = s.pool.QueryRow(ctx, `SELECT coalesce((SELECT epoch FROM epochs WHERE subject = $1), 0), EXISTS (SELECT 1 FROM erasures WHERE id = $2)`,
		e.Subject[:], e.ID[:]).Scan(&number, &done)
	if err != nil {
		return 0, false, fmt.Errorf("store: look up an erasure: %w", say(err))
	}
	return number, done, nil
}

// destroyAt is steps 3 and 4 for a person whose epoch is number; errMoved if it is not any more.
func (s *Store) destroyAt(ctx context.Context, e store.Erasure, number int64) error {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	from, err := s.epoch(ctx, e.Subject, number)
	if err != nil && !errors.Is(err, errNoKey) {
		return err
	}
	to, err := s.nextEpoch(ctx, e.Subject, number)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := lockPerson(ctx, tx, e.Subject); err != nil {
			return err
		}
		var now int64
		var done bool
		if err := tx.QueryRow(ctx, `SELECT coalesce((SELECT epoch FROM epochs WHERE subject = $1), 0), EXISTS (SELECT 1 FROM erasures WHERE id = $2)`,
			e.Subject[:], e.ID[:]).Scan(&now, &done); err != nil {
			return fmt.Errorf("store: look up an erasure: %w", say(err))
		}
		if done {
			return nil
		}
		if now != number {
			return errMoved
		}
		if err := eraseRows(ctx, tx, e, s.now()); err != nil {
			return err
		}
		if err := rewrap(ctx, tx, e.Subject, from, to); err != nil {
			return err
		}
		return setEpoch(ctx, tx, e.Subject, to.Number)
	})
}

// nextEpoch makes the key that follows number, after all that are there.
func (s *Store) nextEpoch(ctx context.Context, subject store.ID, number int64) (deposit.Epoch, error) {
	there, err := s.epochNumbers(ctx, subject)
	if err != nil {
		return deposit.Epoch{}, err
	}
	if n := len(there); n > 0 && there[n-1] > number { // of an erasure that was cut short here, or of a newer index than this one
		k, err := s.epoch(ctx, subject, there[n-1])
		if !errors.Is(err, errNoKey) {
			return k, err
		}
		number = there[n-1]
	}
	return s.makeEpoch(ctx, subject, number+1)
}

func setEpoch(ctx context.Context, tx pgx.Tx, subject store.ID, number int64) error {
	_, err := tx.Exec(ctx, "INSERT INTO epochs (subject, epoch) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET epoch = excluded.epoch", subject[:], number)
	if err != nil {
		return fmt.Errorf("store: write an epoch: %w", say(err))
	}
	return nil
}

// raise notes that a person's key is a newer one than the index knew.
func (s *Store) raise(ctx context.Context, subject store.ID, number int64) error {
	return s.update(ctx, func(tx pgx.Tx) error {
		if err := lockPerson(ctx, tx, subject); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE epochs SET epoch = $2 WHERE subject = $1 AND epoch < $2", subject[:], number); err != nil {
			return fmt.Errorf("store: write an epoch: %w", say(err))
		}
		return nil
	})
}

// replace destroys the old epoch keys and notes when.
func (s *Store) replace(ctx context.Context, e store.Erasure) error {
	var number, replaced int64
	err := s.pool.QueryRow(ctx, "SELECT coalesce((SELECT epoch FROM epochs WHERE subject = $1), 0), (SELECT replaced FROM erasures WHERE id = $2)",
		e.Subject[:], e.ID[:]).Scan(&number, &replaced)
	if err != nil {
		return fmt.Errorf("store: look up an erasure: %w", say(err))
	}
	if replaced > 0 {
		return nil
	}
	if err := s.destroyEpochs(ctx, e.Subject, number); err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, "UPDATE erasures SET replaced = $1 WHERE id = $2 AND replaced = 0", s.now().Unix(), e.ID[:]); err != nil {
		return fmt.Errorf("store: note an erasure: %w", say(err))
	}
	return nil
}

// chosen is what an erasure names, as a condition on batches b with $1 the person and $2 whether all of them, once its ids stand in erased.
const chosen = `b.subject = $1 AND ($2 OR EXISTS (SELECT 1 FROM erased x WHERE x.subject = b.subject AND x.batch = b.batch))`

// eraseRows takes out the rows of what e names, and writes down what was done.
func eraseRows(ctx context.Context, tx pgx.Tx, e store.Erasure, now time.Time) error {
	if _, err := tx.Exec(ctx, "INSERT INTO erased (subject, batch) SELECT $1::bytea, b FROM unnest($2::bytea[]) AS b ON CONFLICT DO NOTHING",
		e.Subject[:], slicesOf(e.Batches)); err != nil {
		return fmt.Errorf("store: erase: %w", say(err))
	}
	done := store.Erased{Erasure: e, Digest: deposit.Digest(e.Batches)}
	var boxes, size, released int64
	err := tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(b.size), 0)::bigint, count(*) FILTER (WHERE EXISTS (SELECT 1 FROM export_batches x WHERE x.number = b.number))
		FROM batches b WHERE `+chosen, e.Subject[:], e.All).Scan(&boxes, &size, &released)
	if err != nil {
		return fmt.Errorf("store: count what is erased: %w", say(err))
	}
	if e.All {
		if done.Digest, err = digestAll(ctx, tx, e.Subject); err != nil {
			return err
		}
	}
	for _, stmt := range []string{
		"INSERT INTO erased (subject, batch) SELECT b.subject, b.batch FROM batches b WHERE " + chosen + " ON CONFLICT DO NOTHING",
		"DELETE FROM capsules WHERE batch IN (SELECT b.batch FROM batches b WHERE " + chosen + ")",
		"DELETE FROM export_batches WHERE number IN (SELECT b.number FROM batches b WHERE " + chosen + ")", // the maps of exports end with their boxes
		// The pack that a row names as it is deleted: it may have been moved a moment ago.
		"WITH gone AS (DELETE FROM batches AS b WHERE " + chosen + " RETURNING b.pack) INSERT INTO jobs (kind, about, due) SELECT DISTINCT '" + jobScrub + "', pack, now() FROM gone" + askAgain,
	} {
		if _, err := tx.Exec(ctx, stmt, e.Subject[:], e.All); err != nil {
			return fmt.Errorf("store: erase: %w", say(err))
		}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO erasures (id, subject, whole, digest, boxes, bytes, released, asked, destroyed, salt)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, e.ID[:], e.Subject[:], e.All, done.Digest[:], boxes, size, released,
		e.At.Unix(), now.Unix(), e.Salt[:]); err != nil {
		return fmt.Errorf("store: write an erasure: %w", say(err))
	}
	return nil
}

func digestAll(ctx context.Context, tx pgx.Tx, subject store.ID) ([32]byte, error) {
	h := sha256.New()
	err := each(ctx, tx, func(rows pgx.Rows) error {
		var batch []byte
		err := rows.Scan(&batch)
		h.Write(batch)
		return err
	}, "SELECT batch FROM batches WHERE subject = $1 ORDER BY batch", subject[:])
	if err != nil {
		return [32]byte{}, fmt.Errorf("store: read what is erased: %w", err)
	}
	return [32]byte(h.Sum(nil)), nil
}

// record signs what was done, once, and puts the leaf beside it.
func (s *Store) record(ctx context.Context, id store.ID, sign store.SignErasure) ([]byte, error) {
	done, record, err := s.erased(ctx, id)
	if err != nil || record != nil {
		return record, err
	}
	mine, leaf, err := sign(done)
	if err != nil {
		return nil, fmt.Errorf("store: sign an erasure: %w", err)
	}
	err = s.update(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE erasures SET record = $1 WHERE id = $2 AND record IS NULL", mine, id[:])
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM jobs WHERE kind = $1 AND about = $2", jobErase, id[:])
		}
		if err != nil {
			return fmt.Errorf("store: write an erasure's record: %w", say(err))
		}
		if tag.RowsAffected() == 0 { // another collector signed it
			return nil
		}
		return addLeaf(ctx, tx, leaf)
	})
	if err != nil {
		return nil, err
	}
	_, record, err = s.erased(ctx, id)
	return record, err
}

func (s *Store) erased(ctx context.Context, id store.ID) (done store.Erased, record []byte, err error) {
	done.Erasure.ID = id
	var subject, digest, salt []byte
	var boxes, size, released, asked, destroyed, replaced int64
	err = s.pool.QueryRow(ctx, `SELECT subject, whole, digest, boxes, bytes, released, asked, destroyed, replaced, record, salt FROM erasures WHERE id = $1`, id[:]).
		Scan(&subject, &done.Erasure.All, &digest, &boxes, &size, &released, &asked, &destroyed, &replaced, &record, &salt)
	if err != nil {
		return done, nil, fmt.Errorf("store: look up an erasure: %w", say(err))
	}
	copy(done.Erasure.Subject[:], subject)
	copy(done.Digest[:], digest)
	copy(done.Erasure.Salt[:], salt)
	done.Boxes, done.Bytes, done.Released = uint64(boxes), uint64(size), uint64(released)
	done.Erasure.At = time.Unix(asked, 0).UTC()
	done.Destroyed, done.Replaced = time.Unix(destroyed, 0).UTC(), time.Unix(replaced, 0).UTC()
	return done, record, nil
}

// FinishErasures writes the records of erasures that were cut short before theirs.
func (s *Store) FinishErasures(ctx context.Context, sign store.SignErasure) (int, error) {
	ids, err := s.ids(ctx, "SELECT id FROM erasures WHERE record IS NULL AND replaced > 0")
	if err != nil {
		return 0, err
	}
	for n, id := range ids {
		if _, err := s.record(ctx, id, sign); err != nil {
			return n, err
		}
	}
	return len(ids), nil
}

func (s *Store) ids(ctx context.Context, query string, args ...any) (out []store.ID, err error) {
	err = each(ctx, s.pool, func(rows pgx.Rows) error {
		var raw []byte
		err := rows.Scan(&raw)
		if len(raw) == 16 {
			out = append(out, store.ID(raw))
		}
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: list ids: %w", err)
	}
	return out, nil
}
