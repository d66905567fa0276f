package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/tlog"
)

const (
	// LotSize is how many leaves a lot has: always, while fewer than Floor people have leaves in it.
	LotSize = tlog.Width
	// Floor is the number of people from which on a lot takes all that waits, in whole multiples of LotSize.
	Floor = 10
	// appendMost bounds what is appended and noted in one go, so that acknowledgements do not wait long for the index meanwhile.
	appendMost = 8 * LotSize

	folder     = "ledger"
	appendTime = time.Minute
)

// ErrShort means that the ledger on disk is not the one that was written before. Nothing is added: people would see a rewritten past.
var ErrShort = errors.New("ledger: the folder ledger/ holds less than was in it before: put the newer copy back")

// keeper is what the ledger needs of the store.
type keeper interface {
	Waiting(ctx context.Context) (store.Waiting, error)
	NextLeaves(ctx context.Context, k store.Kind, n int) ([]store.OutboxRow, error)
	Logged(ctx context.Context, placed []store.Placed, size uint64) error
	LedgerSize(ctx context.Context) (uint64, error)
	FindLeaves(ctx context.Context, bodies [][]byte) ([]int64, error)
	ReadableLeaves(ctx context.Context, from uint64, n int) ([]uint64, error)
}

// Log writes the ledger. Make one with New; of all processes, only the one that has the store open may write.
type Log struct {
	dir   string // holds the folder
	key   ed25519.PrivateKey
	store keeper
	log   *slog.Logger
	now   func() time.Time

	shared Shared // nil: the folder is the ledger

	every   atomic.Int64  // time.Duration between lots
	changed chan struct{} // every has changed

	mu     sync.Mutex // one writer; guards what follows
	signed bool       // a checkpoint covers all that is in the log: not known after a start or a failure
}

// New makes the Log of the collector's folder dir. It does nothing before Settle or Run.
func New(dir string, key ed25519.PrivateKey, s keeper, log *slog.Logger, now func() time.Time) *Log {
	l := &Log{dir: dir, key: key, store: s, log: log, now: now, changed: make(chan struct{}, 1)}
	l.every.Store(int64(time.Hour))
	return l
}

// SetEvery makes lots come at whole multiples of d.
func (l *Log) SetEvery(d time.Duration) {
	if l.every.Swap(int64(d)) == int64(d) {
		return
	}
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// Run writes a lot at each whole multiple of the interval until ctx ends: by the clock alone, whatever anybody does. Between lots nothing
// ticks. Trouble is logged, and what waits goes into the next lot.
func (l *Log) Run(ctx context.Context) {
	for {
		every, now := time.Duration(l.every.Load()), l.now()
		next := time.NewTimer(now.Truncate(every).Add(every).Sub(now))
		select {
		case <-ctx.Done():
			next.Stop()
			return
		case <-l.changed:
			next.Stop()
			continue
		case <-next.C:
		}
		if !l.turn(ctx, every) {
			continue
		}
		if err := l.Lot(ctx); err != nil && ctx.Err() == nil {
			l.log.Error("the ledger cannot be written; what waits goes into it later, and nothing is released until then", "error", err)
		}
	}
}

// turn tells whether this collector writes the lot of now. If the others cannot be asked, nobody does.
func (l *Log) turn(ctx context.Context, every time.Duration) bool {
	if l.shared == nil {
		return true
	}
	mine, err := l.shared.Turn(ctx, l.now().Truncate(every))
	if err != nil && ctx.Err() == nil {
		l.log.Error("it cannot be asked whose turn it is to write the ledger; what waits goes into it later", "error", err)
	}
	return mine
}

// Settle makes the ledger if there is none, and brings the store's knowledge of it up to date after a crash or a restore.
func (l *Log) Settle(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return again(func() error { return l.settle(ctx) })
}

// settle is done before each append: the folder may have been changed under us.
func (l *Log) settle(ctx context.Context) error {
	noted, err := l.store.LedgerSize(ctx)
	if err != nil {
		return err
	}
	if err := l.follow(ctx); err != nil { // after the store was asked: it notes what is there already
		return err
	}
	if noted > 0 {
		if _, err := l.at(ctx, l.source()); errors.Is(err, fs.ErrNotExist) {
			return ErrShort // rather than begin another one
		}
	}
	if !l.signed {
		if err := l.share(ctx, func() error { return l.sign(ctx) }); err != nil {
			return err
		}
		l.signed = true
	}
	src := l.source()
	at, err := l.at(ctx, src)
	if err != nil {
		return err
	}
	switch {
	case at.Size < noted:
		return ErrShort
	case at.Size == noted:
		return nil
	}
	var placed []store.Placed
	err = tlog.Each(ctx, src, at, noted, func(place uint64, leaf []byte) error {
		placed = append(placed, store.Placed{Place: place, Body: bytes.Clone(leaf), Readable: len(leaf) != 32})
		if len(placed) < appendMost {
			return nil
		}
		err := l.store.Logged(ctx, placed, place+1)
		placed = nil
		return err
	})
	if err != nil {
		return fmt.Errorf("ledger: read what was written last: %w", err)
	}
	return l.store.Logged(ctx, placed, at.Size)
}

// at is the newest checkpoint on disk, which our own key must have signed.
func (l *Log) at(ctx context.Context, src tlog.Source) (tlog.Checkpoint, error) {
	pub := l.key.Public().(ed25519.PublicKey)
	at, err := tlog.Fetch(ctx, src, fingerprint(pub), tlog.Checkpoint{})
	if err != nil {
		return at, fmt.Errorf("ledger: read the checkpoint: %w", err)
	}
	return at, nil
}

// Lot writes one lot of leaves about people. While fewer than Floor people have leaves that wait, it is LotSize leaves, however many wait:
// the oldest, and blanks in the place of those that are not there. From Floor on it takes all, rounded up with blanks. Before anybody
// has enrolled there is nothing to hide, and no lot.
func (l *Log) Lot(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return again(func() error { return l.lot(ctx) })
}

func (l *Log) lot(ctx context.Context) error {
	if err := l.settle(ctx); err != nil {
		return err
	}
	if err := l.exports(ctx); err != nil { // of releases that were refused because the ledger could not be written
		return err
	}
	w, err := l.store.Waiting(ctx)
	if err != nil || !w.Enrolled {
		return err
	}
	size, err := l.store.LedgerSize(ctx)
	if err != nil {
		return err
	}
	rest := LotSize
	if w.People >= Floor {
		rest = (w.Leaves + LotSize - 1) / LotSize * LotSize
	}
	rest += int((LotSize - size%LotSize) % LotSize) // whole bundles; this follows exports alone
	for ; rest > 0; rest -= min(rest, appendMost) {
		if err := l.people(ctx, min(rest, appendMost)); err != nil {
			return err
		}
	}
	return nil
}

// people appends n leaves about people, blanks among them. Their order says nothing: each is a random number, and they are sorted.
func (l *Log) people(ctx context.Context, n int) error {
	rows, err := l.store.NextLeaves(ctx, store.PersonLeaf, n)
	if err != nil {
		return err
	}
	for len(rows) < n {
		rows = append(rows, store.OutboxRow{Leaf: store.Leaf{Kind: store.PersonLeaf, Body: blank()}})
	}
	slices.SortFunc(rows, func(a, b store.OutboxRow) int { return bytes.Compare(a.Leaf.Body, b.Leaf.Body) })
	return l.append(ctx, rows)
}

// Publish puts the leaves of exports that wait into the ledger, and says where the one with this body stands. Without an error a signed
// checkpoint covers it.
func (l *Log) Publish(ctx context.Context, body []byte) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ctx = context.WithoutCancel(ctx) // a caller that goes away must not cut it short
	err := again(func() error {
		if err := l.settle(ctx); err != nil {
			return err
		}
		return l.exports(ctx)
	})
	if err != nil {
		return 0, err
	}
	place, err := l.store.FindLeaves(ctx, [][]byte{body})
	if err != nil {
		return 0, err
	}
	if place[0] < 0 {
		return 0, errors.New("ledger: the leaf never waited for the ledger")
	}
	return uint64(place[0]), nil
}

// exports appends the leaves of exports that wait.
func (l *Log) exports(ctx context.Context) error {
	for {
		rows, err := l.store.NextLeaves(ctx, store.ExportLeaf, LotSize)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := l.append(ctx, rows); err != nil {
			return err
		}
	}
}

// append puts the rows into the log, in their order, and then notes where they stand. After a failure in between, settle finds them.
func (l *Log) append(ctx context.Context, rows []store.OutboxRow) error {
	bodies := make([][]byte, len(rows))
	for i, r := range rows {
		bodies[i] = r.Leaf.Body
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), appendTime)
	defer cancel()
	l.signed = false
	var first uint64
	err := l.share(ctx, func() (err error) { first, err = l.write(ctx, bodies); return err })
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	l.signed = true
	var placed []store.Placed
	for i, r := range rows {
		if r.Number != 0 {
			placed = append(placed, store.Placed{Number: r.Number, Place: first + uint64(i), Body: r.Leaf.Body, Readable: r.Leaf.Kind == store.ExportLeaf})
		}
	}
	return l.store.Logged(ctx, placed, first+uint64(len(rows)))
}

func (l *Log) path() string { return filepath.Join(l.dir, folder) }
