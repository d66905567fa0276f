package storetest

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/google/go-cmp/cmp"
)

func testInvitationRace(t *testing.T, s store.Store) {
	token := Invite(t, s, store.DeviceRole)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			d := store.Device{ID: ID(), Subject: ID(), SigningKey: make([]byte, 32)}
			err := s.EnrolDevice(ctx, token, Noon, d, store.VaultKey{Subject: d.Subject, Public: []byte{1}, Wrapped: []byte{2}})
			active, aerr := s.Active(ctx, store.DeviceRole, d.ID)
			switch {
			case err == nil && aerr == nil && active:
				won.Add(1)
			case errors.Is(err, store.ErrNotFound) && aerr == nil && !active:
				lost.Add(1)
			default:
				t.Errorf("enrol: %v, active %v %v", err, active, aerr)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 || lost.Load() != 99 {
		t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
	}
}

func testInvitationKinds(t *testing.T, s store.Store) {
	c := store.Custodian{ID: ID(), Name: "Works council", Recipient: []byte("key")}
	device, late := Invite(t, s, store.DeviceRole), Noon.Add(2*time.Hour)
	if err := s.EnrolCustodian(ctx, device, Noon, c); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("a device's invitation made a custodian: %v", err)
	}
	custodian := Invite(t, s, store.CustodianRole)
	if err := s.EnrolCustodian(ctx, custodian, late, c); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("an expired invitation: %v", err)
	}
	if role, err := s.Invited(ctx, custodian, Noon); err != nil || role != store.CustodianRole {
		t.Fatal(role, err)
	}
	if _, err := s.Invited(ctx, custodian, late); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	must(t, s.EnrolCustodian(ctx, custodian, Noon, c))
	got, err := s.Custodian(ctx, c.ID)
	must(t, err)
	if diff := cmp.Diff(c, got); diff != "" {
		t.Fatal(diff)
	}
	if _, err := s.Invited(ctx, custodian, Noon); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("a used invitation still invites:", err)
	}
}

// testCustodianNames: a name stands in the ledger for one key at a time.
func testCustodianNames(t *testing.T, s store.Store) {
	enrol := func(name, key string) (store.ID, [32]byte, error) {
		c, token := store.Custodian{ID: ID(), Name: name, Recipient: []byte(key)}, Invite(t, s, store.CustodianRole)
		return c.ID, token, s.EnrolCustodian(ctx, token, Noon, c)
	}
	one, _, err := enrol("Works council", "one")
	must(t, err)
	_, token, err := enrol("Works council", "two")
	if !errors.Is(err, store.ErrExists) {
		t.Fatal("two keys have one name:", err)
	}
	if _, err := s.Invited(ctx, token, Noon); err != nil {
		t.Error("the invitation was spent:", err)
	}
	again, _, err := enrol("Works council", "one")
	must(t, err)
	ids, err := s.CustodiansNamed(ctx, "Works council")
	if len(ids) != 2 || err != nil {
		t.Fatal(ids, err)
	}
	for _, id := range []store.ID{one, again} {
		must(t, s.Revoke(ctx, id))
	}
	if ids, err := s.CustodiansNamed(ctx, "Works council"); len(ids) != 0 || err != nil {
		t.Fatal("revoked ones are named:", ids, err)
	}
	_, _, err = enrol("Works council", "two")
	must(t, err)
}

func testRevoke(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	must(t, s.Revoke(ctx, p.Device.ID))
	if err := s.Revoke(ctx, ID()); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
	put(t, s, []store.Record{p.Record(1), q.Record(1)}, store.UnknownDevice, store.Stored)
	if live, err := s.Active(ctx, store.DeviceRole, p.Device.ID); live || err != nil {
		t.Fatal(live, err)
	}
	st, err := s.Standing(ctx, p.Device.ID, p.Consent.ID)
	must(t, err)
	if st.Enrolled {
		t.Fatal("a revoked device is enrolled")
	}
}
