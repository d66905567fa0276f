package cloud

import (
	"context"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
)

// PutErasureCode makes code the one that erases all of a person's boxes.
func (x *Index) PutErasureCode(ctx context.Context, subject store.ID, code [32]byte) error {
	_, err := x.pool.Exec(ctx, "INSERT INTO erasure_codes (subject, code) VALUES ($1, $2) ON CONFLICT (subject) DO UPDATE SET code = excluded.code",
		subject[:], code[:])
	if isUnique(err) {
		return store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("store: write an erasure code: %w", say(err))
	}
	return nil
}

// ErasureCode returns whose code has this hash.
func (x *Index) ErasureCode(ctx context.Context, code [32]byte) (subject store.ID, err error) {
	var raw []byte
	err = x.pool.QueryRow(ctx, "SELECT subject FROM erasure_codes WHERE code = $1", code[:]).Scan(&raw)
	copy(subject[:], raw)
	return subject, found("look up an erasure code", err)
}
