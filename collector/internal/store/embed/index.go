package embed

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Index is the part of the store that holds no boxes: people, invitations, consents, exports and the rows of boxes. Several
// processes may have one open; only Open gives the packs, and to one process.
type Index struct {
	write *sql.DB // one connection: SQLite has one writer
	read  *sql.DB
	path  string

	journal journal
}

// errNewer says that a newer program may have put something into the index that this one would not keep.
var errNewer = errors.New("store: the index was brought up to date by a newer collector: use that version")

// OpenIndex opens the index in dir and brings its tables up to date. It repairs nothing.
func OpenIndex(ctx context.Context, dir string) (*Index, error) {
	path, err := filepath.Abs(filepath.Join(dir, "index.db"))
	if err != nil {
		return nil, fmt.Errorf("store: find the index: %w", err)
	}
	if _, err := os.Lstat(filepath.Join(dir, restoredName)); err == nil {
		return nil, errors.New("store: a restore was cut short in this folder: start the collector, or run the restore again")
	}
	if err := mayBegin(dir); err != nil {
		return nil, err
	}
	// SQLite gives its side files the mode of the database.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: open the index: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("store: open the index: %w", err)
	}
	x := &Index{path: path, journal: journal{osDisk{}, filepath.Join(dir, journalName)}}
	if x.write, err = openSQLite(path, ""); err != nil {
		return nil, err
	}
	x.write.SetMaxOpenConns(1)
	if x.read, err = openSQLite(path, "query_only(ON)"); err != nil {
		return nil, errors.Join(err, x.write.Close())
	}
	x.read.SetMaxOpenConns(4)
	if err := migrate(ctx, x.write); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// errNoIndex: with an empty index every device would be told that it is not enrolled, and every backup would be one of nothing.
var errNoIndex = errors.New("store: index.db is missing beside boxes or keys of people: is its disk mounted? If it is lost, restore a backup")

// mayBegin refuses to make an index where there was one.
func mayBegin(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, "index.db")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for folder, suffix := range map[string]string{"packs": ".pack", "keys": keySuffix} {
		entries, err := os.ReadDir(filepath.Join(dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: look for the index: %w", err)
		}
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), suffix) }) {
			return errNoIndex
		}
	}
	return nil
}

// Close releases the index.
func (x *Index) Close() error { return errors.Join(x.read.Close(), x.write.Close()) }

func openSQLite(path, pragma string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "trusted_schema(OFF)",
		// What is too large for a page or two of memory must not go to a folder that others share, nor outside where serve is confined to.
		"temp_store(MEMORY)",
		// Under load pages are written many times: they stay in memory, and move from the log into the index less often.
		"cache_size(-32768)", fmt.Sprintf("wal_autocheckpoint(%d)", moveByWriter)}}
	if pragma != "" {
		q["_pragma"] = append(q["_pragma"], pragma)
		q.Set("_txlock", "deferred")
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, fmt.Errorf("store: open the index: %w", err)
	}
	return db, nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: read the migrations: %w", err)
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithVerbose(false))
	if err != nil {
		return fmt.Errorf("store: read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("store: bring the index up to date: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: ask for the version of the index: %w", err)
	}
	if have > want {
		return errNewer
	}
	return nil
}

// update runs do in one transaction that takes the write lock at its start.
func (x *Index) update(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := x.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	if err := do(tx); err != nil {
		if e := tx.Rollback(); e != nil && !errors.Is(e, sql.ErrTxDone) {
			return errors.Join(err, fmt.Errorf("store: roll back: %w", e))
		}
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	return nil
}

// isCorrupt tells whether SQLite itself says that the file is not to be trusted.
func isCorrupt(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT:
		return true
	}
	return false
}

// isConstraint tells whether a row was refused for what it holds.
func isConstraint(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT || e.Code()&0xff == sqlite3.SQLITE_MISMATCH)
}

// isTrouble tells whether an error comes from the machine rather than from what the index holds: then it is left alone.
func isTrouble(err error) bool {
	if err == nil {
		return false
	}
	var path *fs.PathError
	if errors.Is(err, errNewer) || errors.Is(err, errNoIndex) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &path) {
		return true
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT:
		return true
	}
	return false
}
