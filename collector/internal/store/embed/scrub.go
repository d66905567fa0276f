package embed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
)

// scrubPage bounds what one erasure blanks beyond its own: the rest is done at the next one or the next start.
const scrubPage = 100_000

// scrub blanks the bytes of erased boxes in the packs, and unlinks a pack that holds no box any more.
func (s *Store) scrub(ctx context.Context) error {
	rows, err := s.write.QueryContext(ctx, "SELECT pack, at, size FROM scrub ORDER BY pack, at LIMIT ?", scrubPage)
	if err != nil {
		return fmt.Errorf("store: list what is to be blanked: %w", err)
	}
	var parts []part
	for rows.Next() {
		var p part
		if err := rows.Scan(&p.pack, &p.at, &p.size); err != nil {
			return errors.Join(fmt.Errorf("store: list what is to be blanked: %w", err), rows.Close())
		}
		parts = append(parts, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("store: list what is to be blanked: %w", err)
	}
	for len(parts) > 0 {
		n := slices.IndexFunc(parts, func(p part) bool { return p.pack != parts[0].pack })
		if n < 0 {
			n = len(parts)
		}
		pack := parts[0].pack
		gone, err := s.dropEmpty(ctx, pack)
		if err == nil && !gone {
			err = s.packs.disk.Blank(filepath.Join(s.packs.dir, packName(pack)), parts[:n])
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: blank erased bytes: %w", err)
		}
		if err := s.noteBlanked(ctx, parts[:n]); err != nil {
			return err
		}
		parts = parts[n:]
	}
	return nil
}

// noteBlanked strikes out exactly what was blanked: a compaction may have noted more meanwhile.
func (s *Store) noteBlanked(ctx context.Context, parts []part) error {
	return s.update(ctx, func(tx *sql.Tx) error {
		done, err := tx.PrepareContext(ctx, "DELETE FROM scrub WHERE pack = ? AND at = ? AND size = ?")
		if err != nil {
			return fmt.Errorf("store: note what was blanked: %w", err)
		}
		defer done.Close()
		for _, p := range parts {
			if _, err := done.ExecContext(ctx, p.pack, p.at, p.size); err != nil {
				return fmt.Errorf("store: note what was blanked: %w", err)
			}
		}
		return nil
	})
}

// dropEmpty unlinks a pack without boxes, unless it is one that is written to.
func (s *Store) dropEmpty(ctx context.Context, pack int64) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.packs.written(pack) {
		return false, nil
	}
	var live bool
	if err := s.write.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM batches WHERE pack = ?)", pack).Scan(&live); err != nil || live {
		return false, err
	}
	if err := s.packs.disk.Remove(filepath.Join(s.packs.dir, packName(pack))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := s.packs.disk.SyncDir(s.packs.dir); err != nil {
		return false, err
	}
	_, err := s.write.ExecContext(ctx, "DELETE FROM pack_ends WHERE pack = ?", pack)
	return err == nil, err
}
