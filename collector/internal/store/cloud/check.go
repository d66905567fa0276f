package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// Check asks whether database and bucket keep what they are given and lose what is deleted, and reads the checksum of every box, beside
// running collectors. It returns how many boxes are damaged and changes nothing.
func Check(ctx context.Context, c Config, wrap [32]byte, seen func()) (damaged int, err error) {
	b, err := bucket.Open(ctx, c.Bucket)
	if err != nil {
		return 0, err
	}
	s, err := connect(ctx, c, b, b.Close, wrap, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.objects.Forgets(ctx); err != nil {
		return 0, err
	}
	for after := (store.ID{}); ; {
		names, err := s.ids(ctx, "SELECT name FROM packs WHERE retired IS NULL AND name > $1 ORDER BY name LIMIT $2", after[:], pageRows)
		if err != nil || len(names) == 0 {
			return damaged, err
		}
		for _, after = range names {
			seen()
			n, err := s.checkPack(ctx, after)
			damaged += n
			if err != nil {
				return damaged, err
			}
		}
	}
}

// checkPack reads a pack once and looks at every box in it. What seems damaged is read again by itself: it may have been moved or erased.
func (s *Store) checkPack(ctx context.Context, name store.ID) (damaged int, err error) {
	body, err := s.objects.Get(ctx, packKey(name))
	if err != nil && !errors.Is(err, bucket.ErrMissing) {
		return 0, fmt.Errorf("store: read a pack: %w", err)
	}
	var again []store.ID
	err = each(ctx, s.pool, func(rows pgx.Rows) error {
		var batch, subject, digest, sealed, shred []byte
		var epoch int64
		var p place
		if err := rows.Scan(&batch, &subject, &digest, &p.at, &p.head, &p.payload, &p.sealed, &sealed, &shred, &epoch); err != nil {
			return err
		}
		var r store.Record
		copy(r.Batch[:], batch)
		copy(r.Subject[:], subject)
		copy(r.Digest[:], digest)
		if !s.sound(ctx, r, body, p, epoch, sealed, shred) {
			again = append(again, r.Batch)
		}
		return nil
	}, `SELECT batch, subject, digest, at, head, body, b.sealed, c.sealed, shred_key, epoch FROM batches b JOIN capsules c USING (batch) WHERE pack = $1`, name[:])
	if err != nil {
		return 0, fmt.Errorf("store: list the boxes of a pack: %w", err)
	}
	for _, batch := range again {
		switch _, err := s.Read(ctx, batch); {
		case errors.Is(err, store.ErrDamaged):
			damaged++
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return damaged, err
		}
	}
	return damaged, nil
}

// sound tells whether a box of a pack is whole and its capsules open.
func (s *Store) sound(ctx context.Context, r store.Record, body []byte, p place, epoch int64, sealed, shred []byte) bool {
	if !p.sane() || p.at+p.size() > int64(len(body)) {
		return false
	}
	_, _, within, err := decodeRecord(body[p.at:p.at+p.size()], r.Batch, p)
	if err != nil {
		return false
	}
	if p.sealed > 0 {
		sealed = within
	}
	k, err := s.epoch(ctx, r.Subject, epoch)
	if err == nil {
		_, err = deposit.OpenCapsules(k, r, sealed, shred)
	}
	return err == nil
}

// Restored does what must be done after an operator put back a copy of the database or of packs, before any collector serves: what was erased
// since is erased again, what was withdrawn or revoked stays so, invitations are forgotten because some were used since, boxes whose key was replaced since and rows whose pack is not there are taken out, and packs that no row names
// are removed. No collector of the store may run.
func Restored(ctx context.Context, c Config, wrap [32]byte, log *slog.Logger) (Report, error) {
	s, rep, err := Open(ctx, c, wrap, log)
	if err != nil {
		return rep, err
	}
	err = s.compareEpochs(ctx, &rep)
	if err == nil {
		err = s.forgetInvitations(ctx)
	}
	if err == nil {
		err = s.sweep(ctx, time.Time{}, &rep)
	}
	return rep, errors.Join(err, s.Close())
}

// compareEpochs takes out boxes of people of whom the index knows an older key than the bucket holds.
func (s *Store) compareEpochs(ctx context.Context, rep *Report) error {
	newest := map[store.ID]int64{}
	compare := func() error {
		for subject, number := range newest {
			older, err := s.isOlder(ctx, subject, number)
			if err != nil {
				return err
			}
			if !older {
				continue
			}
			if err := s.raise(ctx, subject, number); err != nil {
				return err
			}
			n, err := s.dropShut(ctx, subject)
			if err != nil {
				return err
			}
			rep.Shut += n
		}
		clear(newest)
		return nil
	}
	for o, err := range s.objects.List(ctx, keyPrefix, "") {
		if err != nil {
			return fmt.Errorf("store: list the keys: %w", err)
		}
		if subject, number, ok := parseKeyName(o.Key); ok {
			if _, there := newest[subject]; !there && len(newest) >= sweepPage {
				if err := compare(); err != nil {
					return err
				}
			}
			newest[subject] = max(newest[subject], number)
		}
	}
	return compare()
}

// isOlder tells whether the index knows an older key of a person than number, and that one is gone.
func (s *Store) isOlder(ctx context.Context, subject store.ID, number int64) (bool, error) {
	var known int64
	err := s.pool.QueryRow(ctx, "SELECT coalesce((SELECT epoch FROM epochs WHERE subject = $1), 0)", subject[:]).Scan(&known)
	if err != nil {
		return false, fmt.Errorf("store: look up an epoch: %w", say(err))
	}
	if known == 0 || known >= number {
		return false, nil
	}
	_, err = s.epoch(ctx, subject, known)
	if errors.Is(err, errNoKey) {
		return true, nil
	}
	return false, err
}
