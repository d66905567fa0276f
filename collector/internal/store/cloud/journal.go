package cloud

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// The journal is what was to be erased, one object per intent, outside the index: a database that is restored from before an erasure
// finds here what it has to destroy again before anybody reads it. An object holds random ids and a time.
const (
	intentPrefix = "erasures/"
	// keepIntents is how long an intent is kept that was carried out.
	keepIntents = 400 * 24 * time.Hour
)

func intentKey(id store.ID) string { return intentPrefix + hex.EncodeToString(id[:]) }

// writeIntent makes the intent durable. One of the same id that says something else is another erasure: ErrExists.
func (s *Store) writeIntent(ctx context.Context, e store.Erasure) error {
	body, err := deposit.EncodeIntent(e)
	if err == nil {
		err = s.objects.Put(ctx, intentKey(e.ID), body)
	}
	if !errors.Is(err, bucket.ErrExists) {
		if err != nil {
			return fmt.Errorf("store: write down an erasure: %w", err)
		}
		return nil
	}
	old, ok, err := s.readIntent(ctx, e.ID) // asked before, and cut short
	if err != nil {
		return err
	}
	if !ok || old.Subject != e.Subject || old.All != e.All || deposit.Digest(old.Batches) != deposit.Digest(e.Batches) {
		return store.ErrExists
	}
	return nil
}

// readIntent returns one intent; ok is false if there is none that can be read.
func (s *Store) readIntent(ctx context.Context, id store.ID) (e store.Erasure, ok bool, err error) {
	body, err := s.objects.Get(ctx, intentKey(id))
	if errors.Is(err, bucket.ErrMissing) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("store: read an erasure: %w", err)
	}
	e, ok = deposit.DecodeIntent(id, body)
	return e, ok, nil
}

const intentPage = 1000

// completeErasures brings the index to where the journal says it must be: after a crash in the middle of an erasure, and after a
// restore of a database from before one. Nobody reads the store before.
func (s *Store) completeErasures(ctx context.Context, rep *Report) error {
	var page []bucket.Object
	for o, err := range s.objects.List(ctx, intentPrefix, "") {
		if err != nil {
			return fmt.Errorf("store: list the erasures: %w", err)
		}
		if page = append(page, o); len(page) == intentPage {
			if err := s.completePage(ctx, page, rep); err != nil {
				return err
			}
			page = page[:0]
		}
	}
	return s.completePage(ctx, page, rep)
}

func (s *Store) completePage(ctx context.Context, page []bucket.Object, rep *Report) error {
	if err := s.completeEnds(ctx, page); err != nil {
		return err
	}
	var ids [][]byte
	for _, o := range page {
		if id, ok := deposit.ParseID(strings.TrimPrefix(o.Key, intentPrefix)); ok {
			ids = append(ids, id[:])
		}
	}
	replaced, err := s.ids(ctx, "SELECT id FROM erasures WHERE id = ANY ($1) AND replaced > 0", ids)
	if err != nil {
		return err
	}
	done := map[store.ID]bool{}
	for _, id := range replaced {
		done[id] = true
	}
	for _, o := range page {
		id, ok := deposit.ParseID(strings.TrimPrefix(o.Key, intentPrefix))
		switch {
		case !ok:
			continue
		case !done[id]:
			err = s.complete(ctx, id, rep)
		case o.Made.Before(s.now().Add(-keepIntents)):
			err = s.objects.Delete(ctx, o.Key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) complete(ctx context.Context, id store.ID, rep *Report) error {
	e, ok, err := s.readIntent(ctx, id)
	if err != nil {
		return err
	}
	if !ok {
		s.log.Error("an erasure in the journal cannot be read; its device asks again", "erasure", fmt.Sprintf("%x", id))
		return nil
	}
	if err := s.destroy(ctx, e); err != nil {
		return err
	}
	rep.Erased++
	n, err := s.dropShut(ctx, e.Subject)
	rep.Shut += n
	return err
}

// dropShut takes out a person's rows that an earlier key than the current one wraps, which is gone: the database was restored from before
// an erasure, and they open for nobody.
func (s *Store) dropShut(ctx context.Context, subject store.ID) (shut int, err error) {
	err = s.update(ctx, func(tx pgx.Tx) error {
		if err := lockPerson(ctx, tx, subject); err != nil {
			return err
		}
		const old = `b.subject = $1 AND EXISTS (SELECT 1 FROM capsules c JOIN epochs e ON e.subject = b.subject WHERE c.batch = b.batch AND c.epoch < e.epoch)`
		tag, err := tx.Exec(ctx, "WITH gone AS (DELETE FROM batches b WHERE "+old+" RETURNING b.number, b.batch, b.pack), "+
			"unmapped AS (DELETE FROM export_batches WHERE number IN (SELECT number FROM gone)), asked AS (INSERT INTO jobs (kind, about, due) SELECT DISTINCT '"+
			jobScrub+"', pack, now() FROM gone"+askAgain+") DELETE FROM capsules WHERE batch IN (SELECT batch FROM gone)", subject[:])
		if err != nil {
			return fmt.Errorf("store: take out boxes that no key opens: %w", say(err))
		}
		shut = int(tag.RowsAffected())
		return nil
	})
	return shut, err
}
