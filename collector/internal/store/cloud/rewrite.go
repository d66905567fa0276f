package cloud

import (
	"context"
	"errors"
	"fmt"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// Objects cannot be changed. So packs out of which something was erased, or that are small, are written anew as one, in the order of the code
// below:
//
//	1 copy    the records of the boxes that stay, as they are, go into one object of a new name, which is durable from here on
//	2 move    one transaction: their rows name the new pack, and packs without a row are retired, so that no row ever names one of them again
//	3 delete  the objects of the retired packs
//
// A death before 2 leaves an object that no row names, which a sweep removes; one after it leaves jobs to delete what is retired. A box that
// is erased between 1 and 2 has no row to move: the new pack is scrubbed for it. Whoever reads meanwhile looks again.

// packRow is a box of a pack.
type packRow struct {
	batch, pack store.ID
	place       place
}

// packRows lists the boxes of packs, pack by pack.
func (s *Store) packRows(ctx context.Context, packs ...store.ID) (out []packRow, err error) {
	err = each(ctx, s.pool, func(rows pgx.Rows) error {
		var r packRow
		var batch, pack []byte
		err := rows.Scan(&batch, &pack, &r.place.at, &r.place.head, &r.place.payload, &r.place.sealed)
		copy(r.batch[:], batch)
		copy(r.pack[:], pack)
		out = append(out, r)
		return err
	}, "SELECT batch, pack, at, head, body, sealed FROM batches WHERE pack = ANY ($1) ORDER BY pack, at", slicesOf(packs))
	if err != nil {
		return nil, fmt.Errorf("store: list the boxes of a pack: %w", err)
	}
	return out, nil
}

// copied is a pack that is written anew, and where its boxes lay before and lie in it.
type copied struct {
	body           []byte
	batches, packs [][]byte
	before, places []int64
}

// add copies the boxes of one pack as they are, checksum and all: a damaged one stays damaged. ok is false, and nothing copied, if the pack is
// shorter than its rows say.
func (c *copied) add(body []byte, rows []packRow) (ok bool) {
	for _, r := range rows {
		if !r.place.sane() || r.place.at+r.place.size() > int64(len(body)) {
			return false
		}
	}
	if c.body == nil {
		c.body = []byte(deposit.PackMagic)
	}
	for _, r := range rows {
		c.batches, c.packs = append(c.batches, r.batch[:]), append(c.packs, r.pack[:])
		c.before, c.places = append(c.before, r.place.at), append(c.places, int64(len(c.body)))
		c.body = append(c.body, body[r.place.at:r.place.at+r.place.size()]...)
	}
	return true
}

// rewrite is all three steps, for packs of which c holds what stays.
func (s *Store) rewrite(ctx context.Context, c copied, old ...store.ID) error {
	fresh := s.newName()
	if len(c.batches) > 0 {
		if err := s.putPack(ctx, fresh, c.body); err != nil {
			return err
		}
	}
	err := s.update(ctx, func(tx pgx.Tx) error {
		if len(c.batches) > 0 {
			if err := s.move(ctx, tx, c, fresh); err != nil {
				return err
			}
		}
		return s.retire(ctx, tx, old)
	})
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := s.objects.Delete(ctx, packKey(name)); err != nil {
			return fmt.Errorf("store: delete a pack: %w", err)
		}
	}
	if _, err := s.pool.Exec(ctx, "DELETE FROM jobs WHERE kind = $1 AND about = ANY ($2)", jobScrub, slicesOf(old)); err != nil {
		return fmt.Errorf("store: end jobs: %w", say(err))
	}
	return nil
}

// move lets rows name the new pack.
func (s *Store) move(ctx context.Context, tx pgx.Tx, c copied, fresh store.ID) error {
	if _, err := tx.Exec(ctx, "INSERT INTO packs (name, size) VALUES ($1, $2)", fresh[:], len(c.body)); err != nil {
		return fmt.Errorf("store: move boxes: %w", say(err))
	}
	tag, err := tx.Exec(ctx, `UPDATE batches b SET pack = $1, at = n.place FROM unnest($2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[])
		AS n (batch, pack, before, place) WHERE b.batch = n.batch AND b.pack = n.pack AND b.at = n.before`, fresh[:], c.batches, c.packs, c.before, c.places)
	if err != nil {
		return fmt.Errorf("store: move boxes: %w", say(err))
	}
	if int(tag.RowsAffected()) < len(c.batches) { // erased meanwhile, or moved by another collector: nothing of it stays in the new one
		return s.want(ctx, tx, jobScrub, fresh[:], 0)
	}
	return nil
}

// retire makes sure that no row ever names packs again, and that they are deleted whatever happens.
func (s *Store) retire(ctx context.Context, tx pgx.Tx, old []store.ID) error {
	tag, err := tx.Exec(ctx, `INSERT INTO packs (name, size, retired) SELECT n, 0, $2::bigint FROM unnest($1::bytea[]) AS n WHERE NOT EXISTS (SELECT 1 FROM batches WHERE pack = n)
		ON CONFLICT (name) DO UPDATE SET retired = excluded.retired`, slicesOf(old), s.now().Unix())
	if err != nil {
		return fmt.Errorf("store: retire packs: %w", say(err))
	}
	if int(tag.RowsAffected()) < len(old) {
		return errors.New("store: a pack that was to be removed has boxes")
	}
	if _, err := tx.Exec(ctx, "INSERT INTO jobs (kind, about, due) SELECT $2::text, n, now() + $3::interval FROM unnest($1::bytea[]) AS n"+askAgain, slicesOf(old), jobScrub, lease); err != nil {
		return fmt.Errorf("store: ask for jobs: %w", say(err))
	}
	return nil
}

// scrub writes what is left of a pack anew, without the bytes of erased boxes. This leaves nothing of them, not even what nobody can open.
func (s *Store) scrub(ctx context.Context, name store.ID) error {
	ctx, cancel := context.WithTimeout(ctx, callMost)
	defer cancel()
	live, err := s.packRows(ctx, name)
	if err != nil {
		return err
	}
	var c copied
	if len(live) > 0 {
		body, err := s.objects.Get(ctx, packKey(name))
		if errors.Is(err, bucket.ErrMissing) {
			return errors.New("store: a pack is not there: its rows are taken out by the next sweep")
		}
		if err != nil {
			return fmt.Errorf("store: read a pack: %w", err)
		}
		if !c.add(body, live) {
			return errors.New("store: a pack is shorter than its rows say: `check` counts them")
		}
	}
	return s.rewrite(ctx, c, name)
}
