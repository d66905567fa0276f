package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
)

// Check asks whether database and bucket keep what they are given and lose what is deleted, and reads the checksum of every box, beside
// running collectors. It returns how many boxes are damaged and changes nothing.
func Check(ctx context.Context, c Config, wrap [32]byte) (damaged int, err error) {
	b, err := bucket.Open(ctx, c.Bucket)
	if err != nil {
		return 0, err
	}
	s, err := connect(ctx, c, b, b.Close, wrap, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.objects.Forgets(ctx); err != nil {
		return 0, err
	}
	for row, err := range s.Scan(ctx, store.Query{}) {
		if err != nil {
			return damaged, err
		}
		switch _, err := s.Read(ctx, row.Batch); {
		case errors.Is(err, store.ErrDamaged):
			damaged++
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return damaged, err
		}
	}
	return damaged, nil
}

// Restored does what must be done after an operator put back a copy of the database or of packs, before any collector serves: what was erased
// since is erased again, boxes whose key was replaced since and rows whose pack is not there are taken out, and packs that no row names
// are removed. No collector of the store may run.
func Restored(ctx context.Context, c Config, wrap [32]byte, log *slog.Logger) (Report, error) {
	s, rep, err := Open(ctx, c, wrap, log)
	if err != nil {
		return rep, err
	}
	err = s.compareEpochs(ctx, &rep)
	if err == nil {
		err = s.sweep(ctx, time.Time{}, &rep)
	}
	return rep, errors.Join(err, s.Close())
}

// compareEpochs takes out boxes of people of whom the index knows an older key than the bucket holds.
func (s *Store) compareEpochs(ctx context.Context, rep *Report) error {
	newest := map[store.ID]int64{}
	compare := func() error {
		for subject, number := range newest {
			older, err := s.isOlder(ctx, subject, number)
			if err != nil {
				return err
			}
			if !older {
				continue
			}
			if err := s.raise(ctx, subject, number); err != nil {
				return err
			}
			n, err := s.dropShut(ctx, subject)
			if err != nil {
				return err
			}
			rep.Shut += n
		}
		clear(newest)
		return nil
	}
	for o, err := range s.objects.List(ctx, keyPrefix, "") {
		if err != nil {
			return fmt.Errorf("store: list the keys: %w", err)
		}
		if subject, number, ok := parseKeyName(o.Key); ok {
			if _, there := newest[subject]; !there && len(newest) >= sweepPage {
				if err := compare(); err != nil {
					return err
				}
			}
			newest[subject] = max(newest[subject], number)
		}
	}
	return compare()
}

// isOlder tells whether the index knows an older key of a person than number, and that one is gone.
func (s *Store) isOlder(ctx context.Context, subject store.ID, number int64) (bool, error) {
	var known int64
	err := s.pool.QueryRow(ctx, "SELECT coalesce((SELECT epoch FROM epochs WHERE subject = $1), 0)", subject[:]).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("store: look up an epoch: %w", say(err))
	}
	if known == 0 || known >= number {
		return false, nil
	}
	_, err = s.epoch(ctx, subject, known)
	if errors.Is(err, errNoKey) {
		return true, nil
	}
	return false, err
}
