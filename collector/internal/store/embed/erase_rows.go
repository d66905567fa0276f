package embed

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// doomed is a box that an erasure destroys.
type doomed struct {
	number   int64
	batch    store.ID
	size     int64
	released bool // to a custodian, before
	lies     part
}

// part is some bytes of a pack.
type part struct{ pack, at, size int64 }

// deleteMapped takes a box out of the maps of exports: they end with it.
const deleteMapped = "DELETE FROM export_batches WHERE number = ?"

// selectDoomed is a box as doomed.scan takes it.
var selectDoomed = fmt.Sprintf("SELECT b.number, b.batch, b.size, EXISTS (SELECT 1 FROM export_batches x WHERE x.number = b.number), b.pack, b.at, %d + b.head + b.payload FROM batches b WHERE ",
	deposit.RecordHead)

func (d *doomed) scan(from interface{ Scan(...any) error }) error {
	var id []byte
	err := from.Scan(&d.number, &id, &d.size, &d.released, &d.lies.pack, &d.lies.at, &d.lies.size)
	copy(d.batch[:], id)
	return err
}

func readDoomed(rows *sql.Rows) (all []doomed, err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var d doomed
		if err := d.scan(rows); err != nil {
			return nil, fmt.Errorf("store: read what is erased: %w", err)
		}
		all = append(all, d)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store: read what is erased: %w", err)
	}
	return all, nil
}

// eraseRows takes out the rows of what e names, and writes down what was done.
func eraseRows(ctx context.Context, tx *sql.Tx, e store.Erasure, now time.Time) error {
	take := takeNamed
	if e.All {
		take = takeAll
	}
	all, err := take(ctx, tx, e)
	if err != nil {
		return err
	}
	if err := noteDoomed(ctx, tx, all); err != nil {
		return err
	}
	done := store.Erased{Boxes: uint64(len(all)), Digest: deposit.Digest(e.Batches)}
	ids := make([]store.ID, len(all))
	for i, d := range all {
		ids[i] = d.batch
		done.Bytes += uint64(d.size)
		if d.released {
			done.Released++
		}
	}
	if e.All {
		done.Digest = deposit.Digest(ids)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO erasures (id, subject, whole, digest, boxes, bytes, released, asked, destroyed, salt)
		VALUES (?,?,?,?,?,?,?,?,?,?)`, e.ID[:], e.Subject[:], e.All, done.Digest[:], int64(done.Boxes), int64(done.Bytes), int64(done.Released),
		e.At.Unix(), now.Unix(), e.Salt[:]); err != nil {
		return fmt.Errorf("store: write an erasure: %w", err)
	}
	return nil
}

// takeAll takes out all rows of a person, table by table, each in its own order.
func takeAll(ctx context.Context, tx *sql.Tx, e store.Erasure) (all []doomed, err error) {
	rows, err := tx.QueryContext(ctx, selectDoomed+"b.subject = ?", e.Subject[:])
	if err != nil {
		return nil, fmt.Errorf("store: read what is erased: %w", err)
	}
	if all, err = readDoomed(rows); err != nil {
		return nil, err
	}
	for _, stmt := range []string{
		"INSERT OR IGNORE INTO erased (subject, batch) SELECT subject, batch FROM batches WHERE subject = ? ORDER BY batch",
		"DELETE FROM shreds WHERE subject = ?",
		"DELETE FROM export_batches WHERE number IN (SELECT number FROM batches WHERE subject = ?)",
		"DELETE FROM batches WHERE subject = ?",
	} {
		if _, err := tx.ExecContext(ctx, stmt, e.Subject[:]); err != nil {
			return nil, fmt.Errorf("store: erase: %w", err)
		}
	}
	return all, nil
}

// takeNamed takes out the rows of boxes by their ids. An id without a row is remembered all the same.
func takeNamed(ctx context.Context, tx *sql.Tx, e store.Erasure) (all []doomed, err error) {
	var stmts [5]*sql.Stmt
	for i, text := range []string{
		selectDoomed + "b.batch = ? AND b.subject = ?",
		"INSERT OR IGNORE INTO erased (batch, subject) VALUES (?, ?)",
		"DELETE FROM shreds WHERE subject = ? AND number = ?",
		"DELETE FROM batches WHERE number = ?",
		deleteMapped,
	} {
		if stmts[i], err = tx.PrepareContext(ctx, text); err != nil {
			return nil, fmt.Errorf("store: erase: %w", err)
		}
		defer stmts[i].Close()
	}
	for _, b := range deposit.Sorted(e.Batches) {
		var d doomed
		err := d.scan(stmts[0].QueryRowContext(ctx, b[:], e.Subject[:]))
		here := err == nil
		if errors.Is(err, sql.ErrNoRows) {
			err = nil
		}
		if err == nil {
			_, err = stmts[1].ExecContext(ctx, b[:], e.Subject[:])
		}
		if here {
			all = append(all, d)
			if err == nil {
				_, err = stmts[2].ExecContext(ctx, e.Subject[:], d.number)
			}
			if err == nil {
				_, err = stmts[3].ExecContext(ctx, d.number)
			}
			if err == nil && d.released {
				_, err = stmts[4].ExecContext(ctx, d.number)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("store: erase: %w", err)
		}
	}
	return all, nil
}

// noteDoomed notes what is to be blanked, neighbours as one, and how many bytes they are of each pack.
func noteDoomed(ctx context.Context, tx *sql.Tx, all []doomed) error {
	if err := noteHusks(ctx, tx, all); err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b doomed) int {
		return cmp.Or(cmp.Compare(a.lies.pack, b.lies.pack), cmp.Compare(a.lies.at, b.lies.at))
	})
	blank, err := tx.PrepareContext(ctx, insertBlank)
	if err != nil {
		return fmt.Errorf("store: note what is to be blanked: %w", err)
	}
	defer blank.Close()
	for i, dead := 0, int64(0); i < len(all); {
		p := all[i].lies
		for i++; i < len(all) && all[i].lies.pack == p.pack && all[i].lies.at == p.at+p.size; i++ {
			p.size += all[i].lies.size
		}
		if _, err := blank.ExecContext(ctx, p.pack, p.at, p.size); err != nil {
			return fmt.Errorf("store: note what is to be blanked: %w", err)
		}
		if dead += p.size; i == len(all) || all[i].lies.pack != p.pack {
			if err := noteDead(ctx, tx, p.pack, p.at+p.size, dead); err != nil {
				return err
			}
			dead = 0
		}
	}
	return nil
}
