package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tables is every table, those that others are useless without first.
var tables = []string{"vault_keys", "devices", "custodians", "consents", "batches", "sealed", "shreds", "exports", "export_batches",
	"export_people", "outbox", "damaged", "invitations", "epochs", "erased", "erasures", "erasure_codes", "scrub", "pack_ends", "husks", "leaves", "ledger", "days", "joins", "shown", "shown_until"}

// unnumbered is every table without a rowid.
var unnumbered = map[string]bool{"export_batches": true, "export_people": true, "erased": true, "scrub": true, "shreds": true}

// salvage copies what can be read of a damaged index into a new one, sets the old one aside, and puts the new one in its
// place. Until the last rename the old one stands, so that a crash or a full disk in between costs nothing.
func salvage(ctx context.Context, dir string, rep *Report) (*Index, error) {
	fresh, err := os.MkdirTemp(dir, "salvage-")
	if err != nil {
		return nil, fmt.Errorf("store: salvage the index: %w", err)
	}
	defer os.RemoveAll(fresh)
	if err := copyIndex(ctx, filepath.Join(dir, "index.db"), fresh, rep); err != nil {
		return nil, err
	}
	if err := setAside(dir); err != nil {
		return nil, err
	}
	if err := os.Rename(filepath.Join(fresh, "index.db"), filepath.Join(dir, "index.db")); err != nil {
		return nil, fmt.Errorf("store: salvage the index: %w", err)
	}
	if err := (osDisk{}).SyncDir(dir); err != nil {
		return nil, fmt.Errorf("store: salvage the index: %w", err)
	}
	if err := os.Remove(filepath.Join(dir, suspectName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: salvage the index: %w", err)
	}
	return OpenIndex(ctx, dir)
}

// copyIndex makes a new index in fresh with all that can be read of the old one.
func copyIndex(ctx context.Context, old, fresh string, rep *Report) error {
	x, err := OpenIndex(ctx, fresh)
	if err != nil {
		return err
	}
	db, err := openSQLite(old, "query_only(ON)")
	if err != nil {
		return errors.Join(err, x.Close())
	}
	db.SetMaxOpenConns(1)
	for _, table := range tables {
		whole, err := x.copyTable(ctx, db, table)
		if err != nil {
			return errors.Join(err, db.Close(), x.Close())
		}
		if !whole {
			rep.Lost++
		}
	}
	if err := x.copyOldCapsules(ctx, db); err != nil {
		return errors.Join(err, db.Close(), x.Close())
	}
	// A damaged database may not close cleanly; nothing depends on it any more.
	if err := db.Close(); isTrouble(err) {
		return errors.Join(fmt.Errorf("store: close the damaged index: %w", err), x.Close())
	}
	if _, err := x.write.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return errors.Join(fmt.Errorf("store: write the new index: %w", err), x.Close())
	}
	return x.Close()
}

// copyOldCapsules copies capsules as they stood before shred keys lay apart from them, if the old index is from then.
func (x *Index) copyOldCapsules(ctx context.Context, old *sql.DB) error {
	var name string
	if old.QueryRowContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'capsules'").Scan(&name) != nil {
		return ctx.Err() // there is none, or nobody can say
	}
	if _, err := x.write.ExecContext(ctx, "CREATE TABLE capsules (batch BLOB PRIMARY KEY, sealed BLOB NOT NULL, shred_key BLOB, epoch INTEGER) STRICT"); err != nil {
		return fmt.Errorf("store: write the new index: %w", err)
	}
	if _, err := x.copyTable(ctx, old, "capsules"); err != nil {
		return err
	}
	for _, move := range []string{
		"INSERT INTO sealed (number, capsules, plain) SELECT b.number, c.sealed, c.shred_key IS NULL FROM batches b JOIN capsules c USING (batch)",
		"INSERT INTO shreds (subject, number, shred_key, epoch) SELECT b.subject, b.number, c.shred_key, c.epoch FROM batches b JOIN capsules c USING (batch) " +
			"WHERE c.shred_key IS NOT NULL AND c.epoch IS NOT NULL",
		"DROP TABLE capsules",
	} {
		if _, err := x.write.ExecContext(ctx, move); err != nil {
			return fmt.Errorf("store: write the new index: %w", err)
		}
	}
	return nil
}

// setAside keeps the damaged index and its log below damaged/, and removes the log beside the old one: it must not be read
// into the new one.
func setAside(dir string) error {
	parent := filepath.Join(dir, "damaged")
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return fmt.Errorf("store: set the damaged index aside: %w", err)
	}
	aside, err := os.MkdirTemp(parent, "index-")
	if err != nil {
		return fmt.Errorf("store: set the damaged index aside: %w", err)
	}
	for _, name := range []string{"index.db", "index.db-wal"} {
		if err := os.Link(filepath.Join(dir, name), filepath.Join(aside, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: set the damaged index aside: %w", err)
		}
	}
	for _, name := range []string{"index.db-wal", "index.db-shm"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: set the damaged index aside: %w", err)
		}
	}
	return nil
}

// copyTable copies the rows of one table from both ends until the damage, and tells whether it met none.
func (x *Index) copyTable(ctx context.Context, old *sql.DB, table string) (whole bool, err error) {
	err = x.update(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{"SELECT * FROM " + table + " NOT INDEXED", "SELECT * FROM " + table + " NOT INDEXED ORDER BY rowid DESC"} {
			if unnumbered[table] {
				query = "SELECT * FROM " + table
			}
			var werr error
			if whole, werr = copyRows(ctx, tx, old, table, query); werr != nil || whole {
				return werr
			}
		}
		return nil
	})
	return whole, err
}

// copyRows tells whether all rows could be read; an error is one of writing.
func copyRows(ctx context.Context, tx *sql.Tx, old *sql.DB, table, query string) (bool, error) {
	rows, err := old.QueryContext(ctx, query)
	if err != nil {
		return false, ctx.Err()
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return false, ctx.Err()
	}
	insert := fmt.Sprintf("INSERT OR IGNORE INTO %s (%s) VALUES (?%s)", table, strings.Join(names, ", "), strings.Repeat(", ?", len(names)-1))
	stmt, err := tx.PrepareContext(ctx, insert)
	if err != nil {
		return false, ctx.Err() // columns that no longer carry our names
	}
	defer stmt.Close()
	whole := true
	for rows.Next() {
		row := make([]any, len(names))
		to := make([]any, len(names))
		for i := range row {
			to[i] = &row[i]
		}
		if rows.Scan(to...) != nil {
			whole = false
			continue
		}
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			if !isConstraint(err) {
				return false, fmt.Errorf("store: write the new index: %w", err)
			}
			whole = false // a value of the wrong kind: damage in one row
		}
	}
	return whole && rows.Err() == nil, ctx.Err()
}
