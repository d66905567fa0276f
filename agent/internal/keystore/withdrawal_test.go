package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func save(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A prepared withdrawal counts for nothing until the person makes it, and then for good.
func TestPreparedWithdrawal(t *testing.T) {
	s := open(t)
	id := [16]byte{15: 1}
	given, gone := stub(t, 1, false), stub(t, 1, true)
	save(t, s.SaveStub(given))
	if err := s.Withdraw(id); !errors.Is(err, ErrUnprepared) {
		t.Fatalf("withdrawn without a signature: %v", err)
	}
	if err := s.PrepareWithdrawal(given); err == nil {
		t.Fatal("a stub that stands was taken for a withdrawal")
	}
	save(t, s.PrepareWithdrawal(gone))
	save(t, s.PrepareWithdrawal(gone))
	if w, err := s.Withdrawn(id); w || err != nil {
		t.Fatalf("withdrawn by preparing it: %v %v", w, err)
	}
	wantPending(t, s, given)
	save(t, s.Withdraw(id))
	save(t, s.Withdraw(id))
	if w, err := s.Withdrawn(id); !w || err != nil {
		t.Fatalf("not withdrawn: %v %v", w, err)
	}
	wantPending(t, s, given, gone)
}

// What stands is every consent that was given and not withdrawn, told or not, prepared or not.
func TestStanding(t *testing.T) {
	s := open(t)
	for id := byte(1); id <= 4; id++ {
		save(t, s.SaveStub(stub(t, id, false)))
		save(t, s.PrepareWithdrawal(stub(t, id, true)))
	}
	save(t, s.StubDelivered(stub(t, 2, false)))
	save(t, s.Withdraw([16]byte{15: 3}))
	save(t, s.SaveWithdrawal(stub(t, 4, true)))
	save(t, s.StubDelivered(stub(t, 4, true)))
	got, err := s.Standing()
	if d := cmp.Diff([][]byte{stub(t, 1, false), stub(t, 2, false)}, got); d != "" || err != nil {
		t.Fatal(d, err)
	}
	ids, err := s.EveryWithdrawn()
	if d := cmp.Diff([][16]byte{{15: 3}, {15: 4}}, ids); d != "" || err != nil {
		t.Fatal(d, err)
	}
	if err := os.Chmod(filepath.Join(s.dir, stubBase(append(make([]byte, 15), 1))+given+due), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Standing(); len(got) != 1 || !errors.Is(err, ErrLoose) {
		t.Fatalf("one stub cannot be trusted: %d stubs, %v", len(got), err)
	}
}

// A consent that a newer one replaces is kept.
func TestEveryConsentIsKept(t *testing.T) {
	s := open(t)
	for _, version := range []string{"1", "2", "2"} {
		save(t, s.SaveConsent([]byte("consent"+version), []byte("policy"+version)))
	}
	all, err := s.Consents()
	if err != nil || len(all) != 2 {
		t.Fatalf("%d consents are kept, %v", len(all), err)
	}
	for _, g := range all {
		if string(g.Policy[6:]) != string(g.Consent[7:]) {
			t.Errorf("%q is kept with %q", g.Consent, g.Policy)
		}
	}
}
