package cloud

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Publish keeps a signed policy for all collectors, if follows says that it comes after the one that is there, and tells them.
func (x *Index) Publish(ctx context.Context, signed []byte, follows func(there []byte) bool) error {
	return x.update(ctx, func(tx pgx.Tx) error {
		var there []byte
		if err := tx.QueryRow(ctx, "SELECT signed FROM policy FOR UPDATE").Scan(&there); err != nil {
			return fmt.Errorf("store: look up the policy: %w", say(err))
		}
		if !follows(there) {
			return nil
		}
		if _, err := tx.Exec(ctx, "UPDATE policy SET signed = $1", signed); err != nil {
			return fmt.Errorf("store: write the policy: %w", say(err))
		}
		return tell(ctx, tx, newPolicy)
	})
}

// published is the newest policy, nil if there is none.
func (x *Index) published(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	var signed []byte
	if err := x.pool.QueryRow(ctx, "SELECT signed FROM policy").Scan(&signed); err != nil {
		return nil, fmt.Errorf("store: look up the policy: %w", say(err))
	}
	return signed, nil
}
