package embed

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// What is left of an erased box in the index is its capsules, which nobody can open any more. They are long: those of a few boxes go at once,
// those of many afterwards, some at a time, so that neither the erasure nor anybody's box waits for the disk.

const (
	huskPage = 2000 // boxes whose capsules go in one transaction
	huskRun  = 500  // numbers of one row
)

// noteHusks takes out the capsules of a few boxes, and notes those of many.
func noteHusks(ctx context.Context, tx *sql.Tx, all []doomed) error {
	slices.SortFunc(all, func(a, b doomed) int { return cmp.Compare(a.number, b.number) })
	text := "INSERT OR REPLACE INTO husks (first, last) VALUES (?, ?)"
	if len(all) <= huskPage {
		text = "DELETE FROM sealed WHERE number BETWEEN ? AND ?"
	}
	note, err := tx.PrepareContext(ctx, text)
	if err != nil {
		return fmt.Errorf("store: take out capsules: %w", err)
	}
	defer note.Close()
	for i := 0; i < len(all); {
		first := all[i].number
		last := first
		for i++; i < len(all) && all[i].number == last+1 && last-first < huskRun-1; i++ {
			last++
		}
		if _, err := note.ExecContext(ctx, first, last); err != nil {
			return fmt.Errorf("store: take out capsules: %w", err)
		}
	}
	return nil
}

// dropHusks overwrites the capsules of erased boxes that are left.
func (s *Store) dropHusks(ctx context.Context) error {
	for some := false; ; some = true {
		n, err := s.dropSomeHusks(ctx)
		if err != nil {
			return fmt.Errorf("store: take out capsules: %w", err)
		}
		if n == 0 {
			if some {
				return s.checkpoint(ctx, nil)
			}
			return nil
		}
	}
}

type run struct{ first, last int64 }

func (s *Store) dropSomeHusks(ctx context.Context) (n int, err error) {
	err = s.update(ctx, func(tx *sql.Tx) error {
		runs, err := nextHusks(ctx, tx)
		for _, r := range runs {
			if err == nil { // a salvaged index may have given a number again
				_, err = tx.ExecContext(ctx, "DELETE FROM sealed WHERE number BETWEEN ? AND ? AND number NOT IN (SELECT number FROM batches WHERE number BETWEEN ? AND ?)",
					r.first, r.last, r.first, r.last)
			}
			if err == nil {
				_, err = tx.ExecContext(ctx, "DELETE FROM husks WHERE first = ?", r.first)
			}
		}
		n = len(runs)
		return err
	})
	return n, err
}

func nextHusks(ctx context.Context, tx *sql.Tx) (out []run, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT first, last FROM husks ORDER BY first LIMIT ?", huskPage)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for boxes := int64(0); boxes < huskPage && rows.Next(); {
		var r run
		if err := rows.Scan(&r.first, &r.last); err != nil {
			return nil, err
		}
		boxes += r.last - r.first + 1
		out = append(out, r)
	}
	return out, rows.Err()
}
