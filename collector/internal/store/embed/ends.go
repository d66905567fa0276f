package embed

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// What ended for good is noted beside the intents of erasures, so that an index from before the end learns of it before anybody asks: a
// file per consent that was withdrawn, with what its device signed, and an empty one per certificate that was revoked. They stay.
const (
	withdrawnSuffix = ".withdrawn"
	revokedSuffix   = ".revoked"
)

// end notes an end, once.
func (j journal) end(id store.ID, suffix string, body []byte) error {
	path := filepath.Join(j.dir, hex.EncodeToString(id[:])+suffix)
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(j.dir, 0o700); err == nil {
			err = writeDurably(j.disk, path, body)
		}
	}
	if err != nil {
		return fmt.Errorf("store: note what ended beside the index: %w", err)
	}
	return nil
}

// ended lists what is noted with a suffix.
func (j journal) ended(suffix string) (map[store.ID]bool, error) {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return nil, fmt.Errorf("store: list what ended: %w", err)
	}
	out := map[store.ID]bool{}
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if id, isID := deposit.ParseID(name); ok && isID {
			out[id] = true
		}
	}
	return out, nil
}

// completeEnds brings index and notes together: an index that was restored learns what ended since, and what the index alone knows is noted.
func (s *Store) completeEnds(ctx context.Context) error {
	err := s.completeEnd(ctx, withdrawnSuffix, "SELECT id FROM consents WHERE withdrawn", func(tx *sql.Tx, id store.ID) error {
		signed, err := os.ReadFile(filepath.Join(s.journal.dir, hex.EncodeToString(id[:])+withdrawnSuffix))
		if err != nil {
			signed = nil // that it was withdrawn is known all the same
		}
		_, err = tx.ExecContext(ctx, "UPDATE consents SET withdrawn = 1, signed = coalesce(?, signed) WHERE id = ?", signed, id[:])
		return err
	}, func(id store.ID) (signed []byte, err error) {
		err = s.write.QueryRowContext(ctx, "SELECT signed FROM consents WHERE id = ?", id[:]).Scan(&signed)
		return signed, err
	})
	if err != nil {
		return err
	}
	return s.completeEnd(ctx, revokedSuffix, "SELECT id FROM devices WHERE revoked UNION SELECT id FROM custodians WHERE revoked", func(tx *sql.Tx, id store.ID) error {
		for _, table := range []string{"devices", "custodians"} {
			if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET revoked = 1 WHERE id = ?", id[:]); err != nil {
				return err
			}
		}
		return nil
	}, func(store.ID) ([]byte, error) { return nil, nil })
}

func (s *Store) completeEnd(ctx context.Context, suffix, known string, end func(*sql.Tx, store.ID) error, body func(store.ID) ([]byte, error)) error {
	noted, err := s.journal.ended(suffix)
	if err != nil {
		return err
	}
	ids, err := s.ids(ctx, known)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if noted[id] {
			delete(noted, id)
			continue
		}
		b, err := body(id)
		if err == nil {
			err = s.journal.end(id, suffix, b)
		}
		if err != nil {
			// The index knows, and nothing is kept from starting: it is noted at another start.
			s.log.Warn("an index that is restored before the next start would not know of all that ended", "error", err)
			break
		}
	}
	if len(noted) == 0 {
		return nil
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		for id := range noted {
			if err := end(tx, id); err != nil {
				return fmt.Errorf("store: end what ended before: %w", err)
			}
		}
		return nil
	})
}
