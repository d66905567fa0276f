package cloud

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/bucket"
	"github.com/byleave/byleave/collector/internal/store/deposit"
	"github.com/jackc/pgx/v5"
)

// What ended for good is noted beside the intents of erasures, so that a database from before the end learns of it before anybody asks: an
// object per consent that was withdrawn, with what its device signed, and an empty one per certificate that was revoked. They stay.
const (
	withdrawnSuffix = ".withdrawn"
	revokedSuffix   = ".revoked"
)

// noteEnd notes an end, once.
func (s *Store) noteEnd(ctx context.Context, id store.ID, suffix string, body []byte) error {
	if err := s.objects.Put(ctx, intentKey(id)+suffix, body); err != nil && !errors.Is(err, bucket.ErrExists) {
		return fmt.Errorf("store: note what ended beside the index: %w", err)
	}
	return nil
}

// completeEnds lets the index know what a page of notes says.
func (s *Store) completeEnds(ctx context.Context, page []bucket.Object) error {
	ended := map[string][][]byte{}
	for _, o := range page {
		for _, suffix := range []string{withdrawnSuffix, revokedSuffix} {
			name, ok := strings.CutSuffix(strings.TrimPrefix(o.Key, intentPrefix), suffix)
			if id, isID := deposit.ParseID(name); ok && isID {
				ended[suffix] = append(ended[suffix], id[:])
			}
		}
	}
	if len(ended) == 0 {
		return nil
	}
	stand, err := s.ids(ctx, "SELECT id FROM consents WHERE id = ANY ($1) AND NOT withdrawn", ended[withdrawnSuffix])
	if err != nil {
		return err
	}
	for _, id := range stand {
		signed, err := s.objects.Get(ctx, intentKey(id)+withdrawnSuffix)
		if err != nil && !errors.Is(err, bucket.ErrMissing) {
			return fmt.Errorf("store: read a withdrawal: %w", err)
		}
		if _, err := s.pool.Exec(ctx, "UPDATE consents SET withdrawn = true, signed = coalesce($1, signed) WHERE id = $2", signed, id[:]); err != nil {
			return fmt.Errorf("store: end what ended before: %w", say(err))
		}
	}
	for _, table := range []string{"devices", "custodians"} {
		if _, err := s.pool.Exec(ctx, "UPDATE "+table+" SET revoked = true WHERE id = ANY ($1) AND NOT revoked", ended[revokedSuffix]); err != nil {
			return fmt.Errorf("store: end what ended before: %w", say(err))
		}
	}
	return nil
}

// noteEnds notes what the index alone knows: what was revoked since the last sweep, and what could not be noted when it ended.
func (s *Store) noteEnds(ctx context.Context) error {
	noted := map[string]bool{}
	for o, err := range s.objects.List(ctx, intentPrefix, "") {
		if err != nil {
			return fmt.Errorf("store: list what ended: %w", err)
		}
		if strings.HasSuffix(o.Key, withdrawnSuffix) || strings.HasSuffix(o.Key, revokedSuffix) {
			noted[strings.TrimPrefix(o.Key, intentPrefix)] = true
		}
	}
	type end struct {
		id     store.ID
		suffix string
		signed []byte
	}
	var open []end
	for suffix, query := range map[string]string{
		withdrawnSuffix: "SELECT id, signed FROM consents WHERE withdrawn",
		revokedSuffix:   "SELECT id, ''::bytea FROM devices WHERE revoked UNION ALL SELECT id, ''::bytea FROM custodians WHERE revoked",
	} {
		err := each(ctx, s.pool, func(rows pgx.Rows) error {
			var id, signed []byte
			if err := rows.Scan(&id, &signed); err != nil || len(id) != 16 {
				return err
			}
			if !noted[hex.EncodeToString(id)+suffix] {
				open = append(open, end{store.ID(id), suffix, signed})
			}
			return nil
		}, query)
		if err != nil {
			return fmt.Errorf("store: list what ended: %w", err)
		}
	}
	for _, e := range open {
		if err := s.noteEnd(ctx, e.id, e.suffix, e.signed); err != nil {
			return err
		}
	}
	return nil
}

// forgetInvitations takes out what lets somebody in once: what was used since would let in again.
func (s *Store) forgetInvitations(ctx context.Context) error {
	for _, table := range []string{"invitations", "joins"} {
		if _, err := s.pool.Exec(ctx, "DELETE FROM "+table); err != nil {
			return fmt.Errorf("store: forget invitations: %w", say(err))
		}
	}
	return nil
}
