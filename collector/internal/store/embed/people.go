package embed

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

// Invite stores a lot of invitations.
func (x *Index) Invite(ctx context.Context, lot []store.Invitation) error {
	return x.update(ctx, func(tx *sql.Tx) error {
		for _, i := range lot {
			if _, err := tx.ExecContext(ctx, "INSERT INTO invitations (token, role, expires) VALUES (?, ?, ?)",
				i.Token[:], string(i.Role), i.Expires.Unix()); err != nil {
				return fmt.Errorf("store: write an invitation: %w", err)
			}
		}
		return nil
	})
}

// Invited tells whether the token would enrol now, and as what.
func (x *Index) Invited(ctx context.Context, token [32]byte, now time.Time) (store.Role, error) {
	var role string
	err := x.read.QueryRowContext(ctx, "SELECT role FROM invitations WHERE token = ? AND expires > ?", token[:], now.Unix()).Scan(&role)
	if errors.Is(err, sql.ErrNoRows) {
		return "", store.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("store: look up an invitation: %w", err)
	}
	return store.Role(role), nil
}

// EnrolDevice uses up the invitation and stores the device and its person's key pair.
func (x *Index) EnrolDevice(ctx context.Context, token [32]byte, now time.Time, d store.Device, v store.VaultKey) error {
	return x.update(ctx, func(tx *sql.Tx) error {
		if err := useToken(ctx, tx, token, store.DeviceRole, now); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO devices (id, subject, signing_key) VALUES (?, ?, ?)",
			d.ID[:], d.Subject[:], d.SigningKey); err != nil {
			return fmt.Errorf("store: write a device: %w", err)
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO vault_keys (subject, public, wrapped) VALUES (?, ?, ?)",
			v.Subject[:], v.Public, v.Wrapped); err != nil {
			return fmt.Errorf("store: write a vault key: %w", err)
		}
		return nil
	})
}

// EnrolCustodian uses up the invitation and stores the custodian.
func (x *Index) EnrolCustodian(ctx context.Context, token [32]byte, now time.Time, c store.Custodian) error {
	return x.update(ctx, func(tx *sql.Tx) error {
		if err := useToken(ctx, tx, token, store.CustodianRole, now); err != nil {
			return err
		}
		var taken bool
		if err := tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM custodians WHERE name = ? AND recipient <> ? AND NOT revoked)", c.Name, c.Recipient).Scan(&taken); err != nil {
			return fmt.Errorf("store: look for a custodian's name: %w", err)
		}
		if taken {
			return store.ErrExists
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO custodians (id, name, recipient) VALUES (?, ?, ?)",
			c.ID[:], c.Name, c.Recipient); err != nil {
			return fmt.Errorf("store: write a custodian: %w", err)
		}
		return nil
	})
}

func useToken(ctx context.Context, tx *sql.Tx, token [32]byte, role store.Role, now time.Time) error {
	res, err := tx.ExecContext(ctx, "DELETE FROM invitations WHERE token = ? AND role = ? AND expires > ?", token[:], string(role), now.Unix())
	if err != nil {
		return fmt.Errorf("store: use an invitation: %w", err)
	}
	return mustTouch(res)
}

func mustTouch(res sql.Result) error {
	n, err := res.RowsAffected()
	if err != nil {
		return fmt.Errorf("store: count rows: %w", err)
	}
	if n == 0 {
		return store.ErrNotFound
	}
	return nil
}

// Active tells whether a device or custodian is enrolled and not revoked.
func (x *Index) Active(ctx context.Context, role store.Role, id store.ID) (bool, error) {
	table := map[store.Role]string{store.DeviceRole: "devices", store.CustodianRole: "custodians"}[role]
	if table == "" {
		return false, nil
	}
	var n int
	err := x.read.QueryRowContext(ctx, "SELECT count(*) FROM "+table+" WHERE id = ? AND NOT revoked", id[:]).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("store: look up a certificate's holder: %w", err)
	}
	return n == 1, nil
}

// Custodian returns an enrolled custodian.
func (x *Index) Custodian(ctx context.Context, id store.ID) (store.Custodian, error) {
	c := store.Custodian{ID: id}
	err := x.read.QueryRowContext(ctx, "SELECT name, recipient FROM custodians WHERE id = ? AND NOT revoked", id[:]).Scan(&c.Name, &c.Recipient)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Custodian{}, store.ErrNotFound
	}
	if err != nil {
		return store.Custodian{}, fmt.Errorf("store: look up a custodian: %w", err)
	}
	return c, nil
}

// CustodiansNamed are the ids of a custodian.
func (x *Index) CustodiansNamed(ctx context.Context, name string) ([]store.ID, error) {
	return readIDs(ctx, x.read, "SELECT id FROM custodians WHERE name = ? AND NOT revoked", name)
}

// Revoke ends a device's or a custodian's certificate for good.
func (x *Index) Revoke(ctx context.Context, id store.ID) error {
	err := x.update(ctx, func(tx *sql.Tx) error {
		found := store.ErrNotFound
		for _, table := range []string{"devices", "custodians"} {
			res, err := tx.ExecContext(ctx, "UPDATE "+table+" SET revoked = 1 WHERE id = ?", id[:])
			if err != nil {
				return fmt.Errorf("store: revoke: %w", err)
			}
			if mustTouch(res) == nil {
				found = nil
			}
		}
		return found
	})
	if err != nil {
		return err
	}
	return x.journal.end(id, revokedSuffix, nil)
}

// PutConsent stores a consent stub or its withdrawal. One that is stored stands, also if the disk has no room to note it beside the index.
func (s *Store) PutConsent(ctx context.Context, c store.Consent) error {
	err := s.Index.putConsent(ctx, c)
	if err != nil || !c.Withdrawn {
		return err
	}
	if err := s.journal.end(c.ID, withdrawnSuffix, c.Signed); err != nil {
		s.log.Warn("an index that is restored before the next start would not know of all that was withdrawn", "error", err)
	}
	return nil
}

func (x *Index) putConsent(ctx context.Context, c store.Consent) error {
	return x.update(ctx, func(tx *sql.Tx) error {
		var device, policy, commitment []byte
		var purpose string
		var expires int64
		var withdrawn bool
		err := tx.QueryRowContext(ctx, "SELECT device, policy, purpose, expires, commitment, withdrawn FROM consents WHERE id = ?",
			c.ID[:]).Scan(&device, &policy, &purpose, &expires, &commitment, &withdrawn)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return addConsent(ctx, tx, c)
		case err != nil:
			return fmt.Errorf("store: look up a consent: %w", err)
		case !bytes.Equal(device, c.Device[:]), !bytes.Equal(policy, c.Policy[:]), purpose != c.Purpose,
			expires != c.Expires.Unix(), !bytes.Equal(commitment, c.Commitment):
			return store.ErrExists
		case withdrawn || !c.Withdrawn:
			return nil
		}
		if _, err := tx.ExecContext(ctx, "UPDATE consents SET withdrawn = 1, signed = ? WHERE id = ?", c.Signed, c.ID[:]); err != nil {
			return fmt.Errorf("store: write a withdrawal: %w", err)
		}
		return addLeaf(ctx, tx, c.Leaf)
	})
}

func addConsent(ctx context.Context, tx *sql.Tx, c store.Consent) error {
	var n int
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM consents WHERE device = ?", c.Device[:]).Scan(&n); err != nil {
		return fmt.Errorf("store: count consents: %w", err)
	}
	// A withdrawal must always get through, whatever else the device sent.
	if n >= store.MaxConsents && !c.Withdrawn || n >= 2*store.MaxConsents {
		return store.ErrLimit
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO consents (id, device, policy, purpose, expires, commitment, withdrawn, signed)
		VALUES (?,?,?,?,?,?,?,?)`, c.ID[:], c.Device[:], c.Policy[:], c.Purpose, c.Expires.Unix(), nonNil(c.Commitment), c.Withdrawn,
		c.Signed); err != nil {
		return fmt.Errorf("store: write a consent: %w", err)
	}
	return addLeaf(ctx, tx, c.Leaf)
}

// AnyPerson is somebody who has a key pair here. ErrNotFound if there is nobody.
func (x *Index) AnyPerson(ctx context.Context) (store.ID, error) {
	ids, err := readIDs(ctx, x.read, "SELECT subject FROM vault_keys LIMIT 1")
	if err == nil && len(ids) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.ID{}, err
	}
	return ids[0], nil
}

// VaultKey returns a person's wrapped key pair.
func (x *Index) VaultKey(ctx context.Context, subject store.ID) (store.VaultKey, error) {
	v := store.VaultKey{Subject: subject}
	err := x.read.QueryRowContext(ctx, "SELECT public, wrapped FROM vault_keys WHERE subject = ?", subject[:]).Scan(&v.Public, &v.Wrapped)
	if errors.Is(err, sql.ErrNoRows) {
		return store.VaultKey{}, store.ErrNotFound
	}
	if err != nil {
		return store.VaultKey{}, fmt.Errorf("store: look up a vault key: %w", err)
	}
	return v, nil
}
