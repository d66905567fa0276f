package storetest

import (
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

// Ends is what a store must know of after an index from before it was put back.
type Ends struct {
	withdrawn, revoked Person
	consent            store.Consent // the withdrawal
	custodian          store.Custodian
	device, keeper     [32]byte // invitations: one that is used meanwhile, one that is not
}

// Begin enrols two people with a box each and a custodian, all of them in good standing.
func (e *Ends) Begin(t testing.TB, s store.Store) {
	t.Helper()
	e.withdrawn, e.revoked = Enrol(t, s), Enrol(t, s)
	e.custodian = store.Custodian{ID: ID(), Name: "Data team", Recipient: []byte("key")}
	must(t, s.EnrolCustodian(ctx, Invite(t, s, store.CustodianRole), Noon, e.custodian))
	for _, p := range []Person{e.withdrawn, e.revoked} {
		if out, err := s.Put(ctx, []store.Record{p.Record(100)}); err != nil || out[0] != store.Stored {
			t.Fatal(out, err)
		}
	}
	e.device, e.keeper = Invite(t, s, store.DeviceRole), Invite(t, s, store.CustodianRole)
}

// End withdraws, revokes and uses an invitation.
func (e *Ends) End(t testing.TB, s store.Store) {
	t.Helper()
	e.consent = e.withdrawn.Consent
	e.consent.Withdrawn, e.consent.Signed = true, []byte("the withdrawal, signed")
	must(t, s.PutConsent(ctx, e.consent))
	must(t, s.Revoke(ctx, e.revoked.Device.ID))
	must(t, s.Revoke(ctx, e.custodian.ID))
	must(t, s.EnrolDevice(ctx, e.device, Noon, NewPerson().Device, store.VaultKey{Subject: ID(), Public: []byte{1}, Wrapped: []byte{2}}))
}

// Check fails the test unless what ended is still ended.
func (e *Ends) Check(t testing.TB, s store.Store) {
	t.Helper()
	q := store.Query{Purpose: Purpose, Recipient: sha256.Sum256([]byte("custodian"))}
	if p, err := s.Plan(ctx, q); err != nil || p.Boxes != 1 || p.Withheld != 1 {
		t.Errorf("an export would release %+v (%v), want what was not withdrawn", p, err)
	}
	if out, err := s.Put(ctx, []store.Record{e.withdrawn.Record(1), e.revoked.Record(1)}); err != nil || out[0] != store.Withdrawn || out[1] != store.UnknownDevice {
		t.Error("boxes are taken from who withdrew, or was revoked:", out, err)
	}
	if _, err := s.Custodian(ctx, e.custodian.ID); !errors.Is(err, store.ErrNotFound) {
		t.Error("a revoked custodian is one again:", err)
	}
	told, err := s.Withdrawn(ctx, e.withdrawn.Device.Subject, ID(), 10)
	if diff := cmp.Diff([][]byte{e.consent.Signed}, told); err != nil || diff != "" {
		t.Error("the person's other computers are not told what was signed:", err, diff)
	}
	for _, token := range [][32]byte{e.device, e.keeper} {
		if _, err := s.Invited(ctx, token, Noon); !errors.Is(err, store.ErrNotFound) {
			t.Error("an invitation from before invites again:", err)
		}
	}
}
