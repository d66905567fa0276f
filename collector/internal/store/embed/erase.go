package embed

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// An erasure, in the order of the code below:
//
//	1 examine  refuse what names another person's box, or too much
//	2 journal  the intent is durable, outside the index; from here on it is completed at the next start, whatever happens
//	3 prepare  the person's next epoch key is durable beside the current one
//	4 destroy  one transaction: rows and shred keys of what is named go, the person's other shred keys move to the next key
//	5 replace  the current epoch key is destroyed: no copy of the index from before opens anything of this person
//	6 record   one transaction: the signed record and its leaf
//	7 scrub    the bytes in the packs, which nobody can open any more, are blanked; compact.go gives their room back

// Erase destroys what e names.
func (s *Store) Erase(ctx context.Context, e store.Erasure, sign store.SignErasure) ([]byte, error) {
	s.erasing.Lock()
	defer s.erasing.Unlock()
	ctx = context.WithoutCancel(ctx) // a caller that goes away must not cut it short
	if len(e.Batches) > store.MaxErase || e.All == (len(e.Batches) > 0) {
		return nil, store.ErrLimit
	}
	known, err := s.examine(ctx, e)
	if err != nil {
		return nil, err
	}
	if !known {
		if err := s.journal.write(e); err != nil {
			return nil, err
		}
	}
	if err := s.destroy(ctx, e); err != nil {
		return nil, err
	}
	record, err := s.record(ctx, e.ID, sign)
	if err != nil {
		return nil, err
	}
	if err := s.scrub(ctx); err != nil {
		s.log.Warn("bytes of erased boxes, which no key opens, are still to be blanked", "error", err)
	}
	select {
	case s.freed <- struct{}{}:
	default: // KeepCompact knows already
	}
	return record, nil
}

// examine refuses what may not be erased, and tells whether the erasure is known already.
func (s *Store) examine(ctx context.Context, e store.Erasure) (known bool, err error) {
	var subject, digest []byte
	err = s.write.QueryRowContext(ctx, "SELECT subject, digest FROM erasures WHERE id = ?", e.ID[:]).Scan(&subject, &digest)
	if err == nil {
		want := deposit.Digest(e.Batches)
		if !bytes.Equal(subject, e.Subject[:]) || !e.All && !bytes.Equal(digest, want[:]) {
			return true, store.ErrExists
		}
		return true, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("store: look up an erasure: %w", err)
	}
	unknown := 0
	for _, b := range e.Batches {
		var owner []byte
		err := s.write.QueryRowContext(ctx, "SELECT subject FROM batches WHERE batch = ?", b[:]).Scan(&owner)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			unknown++
		case err != nil:
			return false, fmt.Errorf("store: look up a batch: %w", err)
		case !bytes.Equal(owner, e.Subject[:]):
			return false, store.ErrForeign
		}
	}
	if unknown == 0 {
		return false, nil
	}
	var remembered int
	if err := s.write.QueryRowContext(ctx, "SELECT count(*) FROM erased WHERE subject = ?", e.Subject[:]).Scan(&remembered); err != nil {
		return false, fmt.Errorf("store: count what was erased: %w", err)
	}
	if remembered+unknown > store.MaxErased {
		return false, store.ErrLimit
	}
	return false, nil
}

// destroy is steps 3 to 5. Done already, it does nothing.
func (s *Store) destroy(ctx context.Context, e store.Erasure) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return store.ErrClosed
	}
	var replaced int64
	err := s.write.QueryRowContext(ctx, "SELECT replaced FROM erasures WHERE id = ?", e.ID[:]).Scan(&replaced)
	if err == nil && replaced > 0 {
		return nil
	}
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("store: look up an erasure: %w", err)
	}
	if err == nil { // cut short between steps 4 and 5
		return s.replace(ctx, e)
	}
	from, to, err := s.nextEpoch(ctx, e.Subject)
	if err != nil {
		return err
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		if err := eraseRows(ctx, tx, e, s.now()); err != nil {
			return err
		}
		if err := s.rewrap(ctx, tx, e.Subject, from, to); err != nil {
			return err
		}
		return setEpoch(ctx, tx, e.Subject, to.Number)
	})
	if err != nil {
		s.suspect(err)
		return err
	}
	return s.replace(ctx, e)
}

// nextEpoch prepares the key that follows the person's current one.
func (s *Store) nextEpoch(ctx context.Context, subject store.ID) (from, to deposit.Epoch, err error) {
	if err := s.ring.settleOne(ctx, s.write, subject); err != nil { // an earlier one may have been cut short here
		return from, to, err
	}
	number, err := epochNumber(ctx, s.write, subject)
	if err != nil {
		return from, to, err
	}
	if from, err = s.ring.current(subject); err != nil {
		return from, to, err
	}
	to, err = s.ring.prepare(subject, max(number, from.Number)+1)
	return from, to, err
}

// replace destroys the old epoch key and notes when.
func (s *Store) replace(ctx context.Context, e store.Erasure) error {
	_ = s.checkpoint(ctx, nil)
	if err := s.ring.settleOne(ctx, s.write, e.Subject); err != nil {
		return err
	}
	if _, err := s.write.ExecContext(ctx, "UPDATE erasures SET replaced = ? WHERE id = ?", s.now().Unix(), e.ID[:]); err != nil {
		return fmt.Errorf("store: note an erasure: %w", err)
	}
	return nil
}

// record signs what was done, once, and puts the leaf beside it.
func (s *Store) record(ctx context.Context, id store.ID, sign store.SignErasure) ([]byte, error) {
	done, record, err := s.erased(ctx, id)
	if err != nil || record != nil {
		return record, err
	}
	record, leaf, err := sign(done)
	if err != nil {
		return nil, fmt.Errorf("store: sign an erasure: %w", err)
	}
	err = s.update(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE erasures SET record = ? WHERE id = ?", record, id[:]); err != nil {
			return fmt.Errorf("store: write an erasure's record: %w", err)
		}
		return addLeaf(ctx, tx, leaf)
	})
	return record, err
}

func (s *Store) erased(ctx context.Context, id store.ID) (done store.Erased, record []byte, err error) {
	done.Erasure.ID = id
	var subject, digest, salt []byte
	var boxes, size, released, asked, destroyed, replaced int64
	err = s.write.QueryRowContext(ctx, `SELECT subject, whole, digest, boxes, bytes, released, asked, destroyed, replaced, record, salt
		FROM erasures WHERE id = ?`, id[:]).Scan(&subject, &done.Erasure.All, &digest, &boxes, &size, &released, &asked, &destroyed, &replaced, &record, &salt)
	if err != nil {
		return done, nil, fmt.Errorf("store: look up an erasure: %w", err)
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
	s.erasing.Lock()
	defer s.erasing.Unlock()
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

func (s *Store) ids(ctx context.Context, query string) ([]store.ID, error) {
	return readIDs(ctx, s.write, query)
}

func readIDs(ctx context.Context, db *sql.DB, query string, args ...any) ([]store.ID, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: list ids: %w", err)
	}
	defer rows.Close()
	var out []store.ID
	for rows.Next() {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return nil, fmt.Errorf("store: list ids: %w", err)
		}
		if len(raw) == 16 {
			out = append(out, store.ID(raw))
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: list ids: %w", err)
	}
	return out, nil
}
