package cloud

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Index is the part of the store that holds no boxes: people, invitations, consents, exports and the rows of boxes.
type Index struct {
	pool *pgxpool.Pool
}

// OpenIndex connects to the database and brings its tables up to date.
func OpenIndex(ctx context.Context, c Config) (*Index, error) {
	cfg, err := c.pool()
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("store: connect to the database: %w", err)
	}
	x := &Index{pool}
	if err := x.migrate(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return x, nil
}

// Close ends the connections.
func (x *Index) Close() error {
	x.pool.Close()
	return nil
}

// migrate is done by one collector at a time.
func (x *Index) migrate(ctx context.Context) (err error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("store: read the migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fmt.Errorf("store: read the migrations: %w", err)
	}
	db := stdlib.OpenDBFromPool(x.pool)
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithVerbose(false), goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("store: read the migrations: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err == nil && have >= want { // nothing to lock: a start must not wait for others
		if have > want {
			return errors.New("store: the database was brought up to date by a newer collector: use that version")
		}
		return nil
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("store: bring the database up to date: %w", say(err))
	}
	return nil
}

// durable refuses a database that may lose what it committed.
func (x *Index) durable(ctx context.Context) error {
	for _, setting := range []string{"fsync", "full_page_writes", "synchronous_commit"} {
		var v string
		if err := x.pool.QueryRow(ctx, "SELECT current_setting($1)", setting).Scan(&v); err != nil {
			return fmt.Errorf("store: ask the database for its settings: %w", say(err))
		}
		if v == "off" {
			return fmt.Errorf("store: the database runs with %s = off and may lose what was acknowledged: set it to on", setting)
		}
	}
	return nil
}

// identity is which store the database holds; fresh if nothing was ever stored in it.
func (x *Index) identity(ctx context.Context) (id store.ID, fresh bool, err error) {
	var drawn store.ID
	rand.Read(drawn[:]) // never fails
	if _, err := x.pool.Exec(ctx, "INSERT INTO store (id) VALUES ($1) ON CONFLICT DO NOTHING", drawn[:]); err != nil {
		return id, false, fmt.Errorf("store: ask which store this is: %w", say(err))
	}
	var raw []byte
	var boxes int64
	if err := x.pool.QueryRow(ctx, "SELECT id, boxes FROM store").Scan(&raw, &boxes); err != nil {
		return id, false, fmt.Errorf("store: ask which store this is: %w", say(err))
	}
	copy(id[:], raw)
	return id, boxes == 0, nil
}

// boxes is the number of the box that came last.
func (x *Index) boxes(ctx context.Context) (n int64, err error) {
	if err := x.pool.QueryRow(ctx, "SELECT boxes FROM store").Scan(&n); err != nil {
		return 0, fmt.Errorf("store: count boxes: %w", say(err))
	}
	return n, nil
}

// querier is the pool or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const updateTries = 10

// update runs do in one transaction, and again if others were in its way. do must change nothing outside it.
func (x *Index) update(ctx context.Context, do func(pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	for try := 1; ; try++ {
		err := pgx.BeginFunc(ctx, x.pool, do)
		if err == nil || !isRace(err) || try == updateTries {
			return err
		}
	}
}

// snapshot runs do in one transaction that sees one state of everything.
func (x *Index) snapshot(ctx context.Context, do func(pgx.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	for try := 1; ; try++ {
		err := pgx.BeginTxFunc(ctx, x.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, do)
		if err == nil || !isRace(err) || try == updateTries {
			return err
		}
	}
}

const (
	uniqueViolation      = "23505"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// isRace tells whether the same may succeed at once if it is tried again.
func isRace(err error) bool {
	c := code(err)
	return c == serializationFailure || c == deadlockDetected || errors.Is(err, errMoved)
}

// constraint is which rule of the tables was broken.
func constraint(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.ConstraintName
	}
	return ""
}

func isUnique(err error) bool { return code(err) == uniqueViolation }

// errMoved says that somebody else changed what a transaction was built upon.
var errMoved = errors.New("store: somebody else was faster")

// say is an error of the database without values: they are ids of people.
func say(err error) error {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return answer{e}
	}
	return err
}

// answer is an error of the database that tells its code, and its words only where they can hold no value of a row.
type answer struct{ e *pgconn.PgError }

// Error tells what kind of error it is.
func (a answer) Error() string {
	text := fmt.Sprintf("the database answers %s %s", a.e.Severity, a.e.Code)
	switch a.e.Code[:min(2, len(a.e.Code))] {
	case "08", "25", "28", "3D", "53", "55", "57", "58": // connection, rights, resources, operator
		return text + ": " + a.e.Message
	}
	if a.e.ConstraintName != "" {
		return text + ": " + a.e.ConstraintName
	}
	return text
}

// Unwrap lets callers ask for the code.
func (a answer) Unwrap() error { return a.e }

// hour is a time as the store keeps it: when within the hour something arrived is nobody's business.
func hour(t time.Time) int64 { return t.UTC().Truncate(time.Hour).Unix() }

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func unixOrZero(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// each gives every row of a query to take.
func each(ctx context.Context, q querier, take func(pgx.Rows) error, query string, args ...any) error {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return say(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return say(err)
	}
	return nil
}

// lockPerson lets nothing of a person be stored, changed or erased by another transaction until this one ends. Shared, it lets others
// store, too.
func lockPerson(ctx context.Context, tx pgx.Tx, subject store.ID) error {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey(subject)); err != nil {
		return fmt.Errorf("store: wait for others: %w", say(err))
	}
	return nil
}

// lockKey is an id as the database's locks know it. Ids are random; where two share a lock they wait for each other in vain.
func lockKey(id store.ID) (k int64) {
	for _, b := range id[:8] {
		k = k<<8 | int64(b)
	}
	return k
}
