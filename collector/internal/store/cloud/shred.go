package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// wrapPage is how many shred keys are wrapped anew at once.
const wrapPage = 500

// rewrap moves what is left of a person from their old epoch key to the new one. A row whose old key is gone stays as it is.
func rewrap(ctx context.Context, tx pgx.Tx, subject store.ID, from, to deposit.Epoch) error {
	if from.Number == 0 {
		return nil // nothing opens
	}
	move, err := deposit.NewMove(from, to)
	if err != nil {
		return err
	}
	var after []byte
	for {
		var last []byte
		var batches, shreds [][]byte
		n := 0
		err := each(ctx, tx, func(rows pgx.Rows) error {
			var batch, shred []byte
			if err := rows.Scan(&batch, &shred); err != nil {
				return err
			}
			n, last = n+1, batch
			if len(batch) != 16 {
				return nil
			}
			if moved, ok := move.Shred(store.ID(batch), shred); ok {
				batches, shreds = append(batches, batch), append(shreds, moved)
			}
			return nil
		}, `SELECT c.batch, c.shred_key FROM capsules c JOIN batches b USING (batch)
			WHERE b.subject = $1 AND c.epoch = $2 AND c.batch > $3 ORDER BY c.batch LIMIT $4`, subject[:], from.Number, nonNil(after), wrapPage)
		if err != nil {
			return errors.Join(errors.New("store: wrap shred keys"), err)
		}
		if n == 0 {
			return nil
		}
		after = last
		if _, err := tx.Exec(ctx, `UPDATE capsules c SET shred_key = n.shred, epoch = $3 FROM unnest($1::bytea[], $2::bytea[]) AS n (batch, shred)
			WHERE c.batch = n.batch`, batches, shreds, to.Number); err != nil {
			return fmt.Errorf("store: wrap shred keys: %w", say(err))
		}
	}
}
