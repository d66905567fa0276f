package cloud

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
)

// Capsules lie under a random shred key per box, as proto/SPEC.md section 4 says; the shred key lies under the person's epoch key.

const shredDomain = "byleave shred key v1\x00"

// sealCapsules keeps the capsules of a box under a fresh shred key, which it returns wrapped by the epoch key.
func sealCapsules(k epochKey, batch store.ID, digest [32]byte, capsules []byte) (sealed, shred []byte, err error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails: it ends the program rather than giving weak bytes
	defer clear(key)
	a, err := aead(key)
	if err != nil {
		return nil, nil, err
	}
	w, err := aead(k.key[:])
	if err != nil {
		return nil, nil, err
	}
	return a.Seal(nil, nil, capsules, digest[:]), w.Seal(nil, nil, key, shredInfo(k, batch)), nil
}

// openCapsules is the inverse.
func openCapsules(k epochKey, r store.Record, sealed, shred []byte) ([]byte, error) {
	w, err := aead(k.key[:])
	if err != nil {
		return nil, err
	}
	key, err := w.Open(nil, nil, shred, shredInfo(k, r.Batch))
	if err != nil {
		return nil, store.ErrDamaged
	}
	defer clear(key)
	a, err := aead(key)
	if err != nil {
		return nil, err
	}
	capsules, err := a.Open(nil, nil, sealed, r.Digest[:])
	if err != nil {
		return nil, store.ErrDamaged
	}
	return capsules, nil
}

func shredInfo(k epochKey, batch store.ID) []byte {
	return binary.BigEndian.AppendUint64(append([]byte(shredDomain), batch[:]...), uint64(k.number))
}

func aead(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("store: use a key: %w", err)
	}
	a, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("store: use a key: %w", err)
	}
	return a, nil
}

// wrapPage is how many shred keys are wrapped anew at once.
const wrapPage = 500

// rewrap moves what is left of a person from their old epoch key to the new one. A row whose old key is gone stays as it is.
func rewrap(ctx context.Context, tx pgx.Tx, subject store.ID, from, to epochKey) error {
	if from.number == 0 {
		return nil // nothing opens
	}
	open, err := aead(from.key[:])
	if err != nil {
		return err
	}
	seal, err := aead(to.key[:])
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
			key, err := open.Open(nil, nil, shred, shredInfo(from, store.ID(batch)))
			if err != nil {
				return nil // damaged before: it opens for nobody, then or now
			}
			batches, shreds = append(batches, batch), append(shreds, seal.Seal(nil, nil, key, shredInfo(to, store.ID(batch))))
			clear(key)
			return nil
		}, `SELECT c.batch, c.shred_key FROM capsules c JOIN batches b USING (batch)
			WHERE b.subject = $1 AND c.epoch = $2 AND c.batch > $3 ORDER BY c.batch LIMIT $4`, subject[:], from.number, nonNil(after), wrapPage)
		if err != nil {
			return errors.Join(errors.New("store: wrap shred keys"), err)
		}
		if n == 0 {
			return nil
		}
		after = last
		if _, err := tx.Exec(ctx, `UPDATE capsules c SET shred_key = n.shred, epoch = $3 FROM unnest($1::bytea[], $2::bytea[]) AS n (batch, shred)
			WHERE c.batch = n.batch`, batches, shreds, to.number); err != nil {
			return fmt.Errorf("store: wrap shred keys: %w", say(err))
		}
	}
}
