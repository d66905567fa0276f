package cloud

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Invite stores a lot of invitations.
func (x *Index) Invite(ctx context.Context, lot []store.Invitation) error {
	var tokens [][]byte
	var roles []string
	var ends []int64
	for _, i := range lot {
		tokens, roles, ends = append(tokens, i.Token[:]), append(roles, string(i.Role)), append(ends, i.Expires.Unix())
	}
	if _, err := x.pool.Exec(ctx, "INSERT INTO invitations (token, role, expires) SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[])",
		tokens, roles, ends); err != nil {
		return fmt.Errorf("store: write invitations: %w", say(err))
	}
	return nil
}

// Invited tells whether the token would enrol now, and as what.
func (x *Index) Invited(ctx context.Context, token [32]byte, now time.Time) (store.Role, error) {
	var role string
	err := x.pool.QueryRow(ctx, "SELECT role FROM invitations WHERE token = $1 AND expires > $2", token[:], now.Unix()).Scan(&role)
	return store.Role(role), found("look up an invitation", err)
}

// found is an error of a query for one row.
func found(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pgx.ErrNoRows):
		return store.ErrNotFound
	}
	return fmt.Errorf("store: %s: %w", what, say(err))
}

// EnrolDevice uses up the invitation and stores the device and its person's key pair.
func (x *Index) EnrolDevice(ctx context.Context, token [32]byte, now time.Time, d store.Device, v store.VaultKey) error {
	return x.update(ctx, func(tx pgx.Tx) error {
		if err := useToken(ctx, tx, token, store.DeviceRole, now); err != nil {
			return err
		}
		if err := addDevice(ctx, tx, d); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO vault_keys (subject, public, wrapped) VALUES ($1, $2, $3)", v.Subject[:], v.Public, v.Wrapped); err != nil {
			return fmt.Errorf("store: write a vault key: %w", say(err))
		}
		return nil
	})
}

func addDevice(ctx context.Context, tx pgx.Tx, d store.Device) error {
	if _, err := tx.Exec(ctx, "INSERT INTO devices (id, subject, signing_key) VALUES ($1, $2, $3)", d.ID[:], d.Subject[:], d.SigningKey); err != nil {
		return fmt.Errorf("store: write a device: %w", say(err))
	}
	return nil
}

// EnrolCustodian uses up the invitation and stores the custodian.
func (x *Index) EnrolCustodian(ctx context.Context, token [32]byte, now time.Time, c store.Custodian) error {
	return x.update(ctx, func(tx pgx.Tx) error {
		if err := useToken(ctx, tx, token, store.CustodianRole, now); err != nil {
			return err
		}
		// One at a time, so that two with one name do not miss each other. Reading goes on.
		if _, err := tx.Exec(ctx, "LOCK TABLE custodians IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return fmt.Errorf("store: look for a custodian's name: %w", say(err))
		}
		var taken bool
		if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM custodians WHERE name = $1 AND recipient <> $2 AND NOT revoked)", c.Name, c.Recipient).Scan(&taken); err != nil {
			return fmt.Errorf("store: look for a custodian's name: %w", say(err))
		}
		if taken {
			return store.ErrExists
		}
		if _, err := tx.Exec(ctx, "INSERT INTO custodians (id, name, recipient) VALUES ($1, $2, $3)", c.ID[:], c.Name, c.Recipient); err != nil {
			return fmt.Errorf("store: write a custodian: %w", say(err))
		}
		return nil
	})
}

func useToken(ctx context.Context, tx pgx.Tx, token [32]byte, role store.Role, now time.Time) error {
	tag, err := tx.Exec(ctx, "DELETE FROM invitations WHERE token = $1 AND role = $2 AND expires > $3", token[:], string(role), now.Unix())
	if err != nil {
		return fmt.Errorf("store: use an invitation: %w", say(err))
	}
	return mustTouch(tag)
}

func mustTouch(tag pgconn.CommandTag) error {
	if tag.RowsAffected() == 0 {
		return store.ErrNotFound
	}
	return nil
}

// Active tells whether a device or custodian is enrolled and not revoked.
func (x *Index) Active(ctx context.Context, role store.Role, id store.ID) (active bool, err error) {
	table := map[store.Role]string{store.DeviceRole: "devices", store.CustodianRole: "custodians"}[role]
	if table == "" {
		return false, nil
	}
	if err := x.pool.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+table+" WHERE id = $1 AND NOT revoked)", id[:]).Scan(&active); err != nil {
		return false, fmt.Errorf("store: look up a certificate's holder: %w", say(err))
	}
	return active, nil
}

// Custodian returns an enrolled custodian.
func (x *Index) Custodian(ctx context.Context, id store.ID) (store.Custodian, error) {
	c := store.Custodian{ID: id}
	err := x.pool.QueryRow(ctx, "SELECT name, recipient FROM custodians WHERE id = $1 AND NOT revoked", id[:]).Scan(&c.Name, &c.Recipient)
	if err != nil {
		return store.Custodian{}, found("look up a custodian", err)
	}
	return c, nil
}

// CustodiansNamed are the ids of a custodian.
func (x *Index) CustodiansNamed(ctx context.Context, name string) (out []store.ID, err error) {
	err = each(ctx, x.pool, func(rows pgx.Rows) error {
		var raw []byte
		err := rows.Scan(&raw)
		if len(raw) == 16 {
			out = append(out, store.ID(raw))
		}
		return err
	}, "SELECT id FROM custodians WHERE name = $1 AND NOT revoked", name)
	if err != nil {
		return nil, fmt.Errorf("store: look for a custodian: %w", err)
	}
	return out, nil
}

// Revoke ends a device's or a custodian's certificate for good. Nothing of the device is stored once it returned, by no collector.
func (x *Index) Revoke(ctx context.Context, id store.ID) error {
	return x.update(ctx, func(tx pgx.Tx) error {
		touched := store.ErrNotFound
		subject, err := deviceSubject(ctx, tx, id)
		if err == nil {
			err = lockPerson(ctx, tx, subject)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		for _, table := range []string{"devices", "custodians"} {
			tag, err := tx.Exec(ctx, "UPDATE "+table+" SET revoked = true WHERE id = $1", id[:])
			if err != nil {
				return fmt.Errorf("store: revoke: %w", say(err))
			}
			if tag.RowsAffected() > 0 {
				touched = nil
			}
		}
		return touched
	})
}

func deviceSubject(ctx context.Context, q querier, device store.ID) (subject store.ID, err error) {
	var raw []byte
	err = q.QueryRow(ctx, "SELECT subject FROM devices WHERE id = $1", device[:]).Scan(&raw)
	copy(subject[:], raw)
	return subject, found("look up a device", err)
}

// PutConsent stores a consent stub or its withdrawal. Nothing under a withdrawn consent is stored once it returned, by no collector. One that
// is stored stands, also if the bucket cannot be written.
func (s *Store) PutConsent(ctx context.Context, c store.Consent) error {
	err := s.Index.putConsent(ctx, c)
	if err != nil || !c.Withdrawn {
		return err
	}
	if err := s.noteEnd(ctx, c.ID, withdrawnSuffix, c.Signed); err != nil {
		s.log.Warn("a database that is restored before the next sweep would not know of all that was withdrawn", "error", err)
	}
	return nil
}

func (x *Index) putConsent(ctx context.Context, c store.Consent) error {
	return x.update(ctx, func(tx pgx.Tx) error {
		subject, err := deviceSubject(ctx, tx, c.Device)
		if errors.Is(err, store.ErrNotFound) {
			subject = c.Device // no device, no boxes: but two calls wait for each other
		} else if err != nil {
			return err
		}
		if err := lockPerson(ctx, tx, subject); err != nil {
			return err
		}
		var device, policy, commitment []byte
		var purpose string
		var expires int64
		var withdrawn bool
		err = tx.QueryRow(ctx, "SELECT device, policy, purpose, expires, commitment, withdrawn FROM consents WHERE id = $1", c.ID[:]).
			Scan(&device, &policy, &purpose, &expires, &commitment, &withdrawn)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return addConsent(ctx, tx, subject, c)
		case err != nil:
			return fmt.Errorf("store: look up a consent: %w", say(err))
		case !bytes.Equal(device, c.Device[:]), !bytes.Equal(policy, c.Policy[:]), purpose != c.Purpose,
			expires != c.Expires.Unix(), !bytes.Equal(commitment, c.Commitment):
			return store.ErrExists
		case withdrawn || !c.Withdrawn:
			return nil
		}
		if _, err := tx.Exec(ctx, "UPDATE consents SET withdrawn = true, signed = $1 WHERE id = $2", nonNil(c.Signed), c.ID[:]); err != nil {
			return fmt.Errorf("store: write a withdrawal: %w", say(err))
		}
		if err := tell(ctx, tx, hex.EncodeToString(subject[:])); err != nil {
			return err
		}
		return addLeaf(ctx, tx, c.Leaf)
	})
}

func addConsent(ctx context.Context, tx pgx.Tx, subject store.ID, c store.Consent) error {
	var n int
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM consents WHERE device = $1", c.Device[:]).Scan(&n); err != nil {
		return fmt.Errorf("store: count consents: %w", say(err))
	}
	// A withdrawal must always get through, whatever else the device sent.
	if n >= store.MaxConsents && !c.Withdrawn || n >= 2*store.MaxConsents {
		return store.ErrLimit
	}
	_, err := tx.Exec(ctx, `INSERT INTO consents (id, device, policy, purpose, expires, commitment, withdrawn, signed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		c.ID[:], c.Device[:], c.Policy[:], c.Purpose, c.Expires.Unix(), nonNil(c.Commitment), c.Withdrawn, nonNil(c.Signed))
	if isUnique(err) { // of another device, at the same moment
		return store.ErrExists
	}
	if err != nil {
		return fmt.Errorf("store: write a consent: %w", say(err))
	}
	if c.Withdrawn {
		if err := tell(ctx, tx, hex.EncodeToString(subject[:])); err != nil {
			return err
		}
	}
	return addLeaf(ctx, tx, c.Leaf)
}

// VaultKey returns a person's wrapped key pair.
func (x *Index) VaultKey(ctx context.Context, subject store.ID) (store.VaultKey, error) {
	v := store.VaultKey{Subject: subject}
	err := x.pool.QueryRow(ctx, "SELECT public, wrapped FROM vault_keys WHERE subject = $1", subject[:]).Scan(&v.Public, &v.Wrapped)
	if err != nil {
		return store.VaultKey{}, found("look up a vault key", err)
	}
	return v, nil
}
