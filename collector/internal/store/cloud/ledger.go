package cloud

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store/bucket"
)

// The public ledger lies in the bucket, one object per append. Nothing in it is secret.
const ledgerPrefix = "ledger/"

func partKey(number uint64) string { return fmt.Sprintf("%s%020d", ledgerPrefix, number) }

// AddPart adds a part of the public ledger; added is false if another collector was faster.
func (s *Store) AddPart(ctx context.Context, number uint64, part []byte) (added bool, err error) {
	err = s.objects.Put(ctx, partKey(number), part)
	if errors.Is(err, bucket.ErrExists) {
		return false, nil
	}
	return err == nil, err
}

// Part returns a part of the public ledger, nil if there is none yet.
func (s *Store) Part(ctx context.Context, number uint64) ([]byte, error) {
	part, err := s.objects.Get(ctx, partKey(number))
	if errors.Is(err, bucket.ErrMissing) {
		return nil, nil
	}
	return part, err
}

// Turn gives each time to the first collector that asks.
func (s *Store) Turn(ctx context.Context, at time.Time) (bool, error) {
	tag, err := s.pool.Exec(ctx, "UPDATE store SET lot = $1 WHERE lot < $1", at.Unix())
	if err != nil {
		return false, fmt.Errorf("store: ask whose turn it is: %w", say(err))
	}
	return tag.RowsAffected() == 1, nil
}
