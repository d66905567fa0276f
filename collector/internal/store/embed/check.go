package embed

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/byleave/byleave/collector/internal/store"
)

// Check reads the whole index and the checksum of every box, beside a running collector if there is one, and returns how
// many boxes are damaged. It changes nothing.
func Check(ctx context.Context, dir string, seen func()) (damaged int, err error) {
	x, err := OpenIndex(ctx, dir)
	if err != nil {
		return 0, err
	}
	s := &Store{Index: x, packs: packs{dir: filepath.Join(dir, "packs")}, ring: newRing(dir, osDisk{})}
	defer func() { err = errors.Join(err, x.Close()) }()
	if err := x.integrity(ctx); err != nil {
		return 0, err
	}
	for row, err := range s.Scan(ctx, store.Query{}) {
		if err != nil {
			return damaged, err
		}
		seen()
		switch _, err := s.Read(ctx, row.Batch); {
		case errors.Is(err, store.ErrDamaged):
			damaged++
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return damaged, err
		}
	}
	return damaged, nil
}

func (x *Index) integrity(ctx context.Context) error {
	var verdict string
	if err := x.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return fmt.Errorf("store: check the index: %w", errors.Join(errUnsound, err))
	}
	if verdict != "ok" {
		return errUnsound
	}
	return nil
}
