package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
)

// PutErasureCode makes code the one that erases all of a person's boxes.
func (s *Store) PutErasureCode(ctx context.Context, subject store.ID, code [32]byte) error {
	_, err := s.write.ExecContext(ctx, "INSERT INTO erasure_codes (subject, code) VALUES (?, ?) ON CONFLICT (subject) DO UPDATE SET code = excluded.code",
		subject[:], code[:])
	if isConstraint(err) {
		return store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("store: write an erasure code: %w", err)
	}
	return nil
}

// ErasureCode returns whose code has this hash.
func (s *Store) ErasureCode(ctx context.Context, code [32]byte) (store.ID, error) {
	var subject []byte
	err := s.read.QueryRowContext(ctx, "SELECT subject FROM erasure_codes WHERE code = ?", code[:]).Scan(&subject)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(subject) != 16 {
		return store.ID{}, store.ErrNotFound
	}
	if err != nil {
		return store.ID{}, fmt.Errorf("store: look up an erasure code: %w", err)
	}
	return store.ID(subject), nil
}
