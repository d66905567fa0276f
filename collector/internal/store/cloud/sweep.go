package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// orphanAge is how old a pack is that no row names before it is removed. Even one whose collector is still about to commit could go at
// once: its name is retired first, and the commit fails. The time spares a slow collector the trouble.
const orphanAge = 24 * time.Hour

// keepRetired is how long the name of a removed pack is known, so that no commit that comes late names it.
const keepRetired = 30 * 24 * time.Hour

const sweepPage = 1000

// sweepBack is how far before the last sweep one looks again: what was too young then, and packs whose collector's clock was wrong.
const sweepBack = 48 * time.Hour

// sweepNew compares the packs that came since the last sweep. What an operator loses of older ones, `check` and `restore` find.
func (s *Store) sweepNew(ctx context.Context, rep *Report) error {
	var swept int64
	if err := s.pool.QueryRow(ctx, "SELECT swept FROM store").Scan(&swept); err != nil {
		return fmt.Errorf("store: ask for the last sweep: %w", say(err))
	}
	begun := s.now()
	if err := s.noteEnds(ctx); err != nil {
		return err
	}
	from := time.Unix(swept, 0).Add(-sweepBack)
	if err := s.sweep(ctx, from, rep); err != nil {
		return err
	}
	if err := s.sweepMaps(ctx, from); err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, "UPDATE store SET swept = $1", begun.Unix()); err != nil {
		return fmt.Errorf("store: note a sweep: %w", say(err))
	}
	return nil
}

// sweepMaps takes boxes that are no longer there out of the maps of exports that began after a time. An export that begins while a box is erased, or its time
// ends, maps it although it is gone: neither sees what the other has not committed. Until then nobody is shown such a row, because the box is not there.
func (s *Store) sweepMaps(ctx context.Context, from time.Time) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM export_batches m USING exports e WHERE e.id = m.export AND e.at >= $1
		AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.number = m.number)`, hour(from))
	if err != nil {
		return fmt.Errorf("store: take boxes that are gone out of maps: %w", say(err))
	}
	return nil
}

// sweep compares packs from a time on with their rows. A pack without a row was never acknowledged, or all its boxes were erased, and is removed; a row
// without its pack is taken out, so that its device may send the box again.
func (s *Store) sweep(ctx context.Context, from time.Time, rep *Report) error {
	var page []bucket.Object
	after := firstName(time.Unix(max(from.Unix(), 0), 0))
	for o, err := range s.objects.List(ctx, packPrefix, packKey(after)) {
		if err != nil {
			return fmt.Errorf("store: list the packs: %w", err)
		}
		if page = append(page, o); len(page) < sweepPage {
			continue
		}
		if after, err = s.sweepPage(ctx, page, after, false, rep); err != nil {
			return err
		}
		page = page[:0]
	}
	if _, err := s.sweepPage(ctx, page, after, true, rep); err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, "DELETE FROM packs WHERE retired < $1", s.now().Add(-keepRetired).Unix()); err != nil {
		return fmt.Errorf("store: forget removed packs: %w", say(err))
	}
	return nil
}

// sweepPage compares the packs of one page of the bucket with those that the index knows between after and the page's last one.
func (s *Store) sweepPage(ctx context.Context, page []bucket.Object, after store.ID, last bool, rep *Report) (store.ID, error) {
	there := map[store.ID]bucket.Object{}
	to := after
	for _, o := range page {
		if name, ok := deposit.ParseID(strings.TrimPrefix(o.Key, packPrefix)); ok {
			there[name] = o
			if bytes.Compare(name[:], to[:]) > 0 {
				to = name
			}
		}
	}
	known := map[store.ID]bool{} // and whether it is retired
	err := each(ctx, s.pool, func(rows pgx.Rows) error {
		var name []byte
		var retired bool
		err := rows.Scan(&name, &retired)
		if len(name) == 16 {
			known[store.ID(name)] = retired
		}
		return err
	}, "SELECT name, retired IS NOT NULL FROM packs WHERE name > $1 AND (name <= $2 OR $3)", after[:], to[:], last)
	if err != nil {
		return to, fmt.Errorf("store: list the packs: %w", err)
	}
	for name, o := range there {
		retired, ok := known[name]
		switch {
		case retired:
			err = s.objects.Delete(ctx, o.Key) // its collector was lost before it could
		case !ok && o.Made.Before(s.now().Add(-s.orphanAge)):
			err = s.dropOrphan(ctx, name, o, rep)
		}
		if err != nil {
			return to, err
		}
	}
	for name, retired := range known {
		if _, ok := there[name]; ok || retired {
			continue
		}
		if err := s.dropMissing(ctx, name, rep); err != nil {
			return to, err
		}
	}
	return to, nil
}

// dropOrphan retires the name and removes the pack. If a commit names it now, it stays.
func (s *Store) dropOrphan(ctx context.Context, name store.ID, o bucket.Object, rep *Report) error {
	tag, err := s.pool.Exec(ctx, "INSERT INTO packs (name, size, retired) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", name[:], o.Size, s.now().Unix())
	if err != nil {
		return fmt.Errorf("store: retire a pack: %w", say(err))
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	rep.Orphans++
	return s.objects.Delete(ctx, o.Key)
}

// dropMissing takes out the rows of a pack that is not there.
func (s *Store) dropMissing(ctx context.Context, name store.ID, rep *Report) error {
	if _, err := s.objects.Range(ctx, packKey(name), 0, int64(len(deposit.PackMagic))); !errors.Is(err, bucket.ErrMissing) {
		return err // it came after the list was made, or nothing is known of it
	}
	return s.update(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, "UPDATE packs SET retired = $2 WHERE name = $1 AND retired IS NULL", name[:], s.now().Unix())
		if err != nil {
			return fmt.Errorf("store: retire a pack: %w", say(err))
		}
		if tag.RowsAffected() == 0 {
			return nil // its boxes were moved, and it was removed meanwhile
		}
		if _, err := tx.Exec(ctx, "INSERT INTO damaged (batch, found) SELECT batch, $2::bigint FROM batches WHERE pack = $1 ON CONFLICT DO NOTHING",
			name[:], hour(s.now())); err != nil {
			return fmt.Errorf("store: take out rows without bytes: %w", say(err))
		}
		for _, stmt := range []string{
			"DELETE FROM capsules WHERE batch IN (SELECT batch FROM batches WHERE pack = $1)",
			"DELETE FROM export_batches WHERE number IN (SELECT number FROM batches WHERE pack = $1)",
		} {
			if _, err := tx.Exec(ctx, stmt, name[:]); err != nil {
				return fmt.Errorf("store: take out rows without bytes: %w", say(err))
			}
		}
		if tag, err = tx.Exec(ctx, "DELETE FROM batches WHERE pack = $1", name[:]); err != nil {
			return fmt.Errorf("store: take out rows without bytes: %w", say(err))
		}
		rep.Missing += int(tag.RowsAffected())
		return nil
	})
}
