package flow

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/proto/pb"
	"github.com/byleave/byleave/proto/tlog"
	"google.golang.org/protobuf/proto"
)

// otherStub is a withdrawal as another device makes it, with the word of whoever has secret.
func otherStub(t *testing.T, consent byte, secret [32]byte, edit func(*pb.ConsentStub)) *pb.Signed {
	t.Helper()
	id := [16]byte{consent}
	word := tlog.SecretOf(secret).Word(id)
	m := &pb.ConsentStub{Id: id[:], PolicySha256: make([]byte, 32), PurposeId: "train", ExpiresAt: 4_000_000_000, Commitment: make([]byte, 32), Withdrawn: true, Word: word[:]}
	if edit != nil {
		edit(m)
	}
	return &pb.Signed{Body: must(proto.Marshal(m)), Signature: make([]byte, 64)}
}

// I3, I6: a withdrawal on another device of the person stops this one, recording and boxes, until the person decides here. What is forged
// or replayed changes nothing.
func TestI06WithdrawnElsewhere(t *testing.T) {
	first := version(5, nil)
	a := device(t, first)
	a.agree(t, first)
	secret := must(a.keys.ErasureCode())
	var foreign [32]byte
	rand.Read(foreign[:])
	hear := func(stubs ...*pb.Signed) {
		t.Helper()
		check(t, a.withdrawnElsewhere(stubs))
	}
	goesOn := func(when string) {
		t.Helper()
		if why := a.budget.Why(time.Now()); a.rules.Load() == nil || strings.Contains(why, "another") {
			t.Fatalf("%s: records %v, %q; %q", when, a.rules.Load() != nil, a.status().Note, why)
		}
	}
	stops := func(when string) {
		t.Helper()
		s, why := a.status(), a.budget.Why(time.Now())
		if a.rules.Load() != nil || s.State != gate.Consenting.String() || s.Words != "you withdrew elsewhere" || !strings.Contains(s.Note, "withdrew on another") || why != s.Note {
			t.Fatalf("%s: records %v, %+v; %q", when, a.rules.Load() != nil, s, why)
		}
	}
	wrong := otherStub(t, 1, secret, func(m *pb.ConsentStub) { m.Word[3] ^= 1 })
	hear(otherStub(t, 1, foreign, nil), wrong, otherStub(t, 1, secret, func(m *pb.ConsentStub) { m.Word = nil }),
		otherStub(t, 1, secret, func(m *pb.ConsentStub) { m.Id = slices.Repeat([]byte{7}, 16) }),
		otherStub(t, 1, secret, func(m *pb.ConsentStub) { m.Withdrawn = false }),
		otherStub(t, 1, secret, func(m *pb.ConsentStub) { m.Id = m.Id[:15] }), nil, &pb.Signed{Body: []byte("noise")}, &pb.Signed{})
	goesOn("after forged ones")
	hear(otherStub(t, 1, secret, nil))
	stops("after a real one")
	check(t, a.load())
	stops("after it was looked at again")
	a.agree(t, first)
	stops("a consent that only the store knows of") // the person's word is consent_device.go's to note
	check(t, a.keys.ForgetElsewhere())
	check(t, a.load())
	goesOn("after the person decided")
	hear(otherStub(t, 1, secret, nil))
	goesOn("after the same again")
	hear(otherStub(t, 2, secret, nil))
	stops("after another one")
	_, err := a.endAll("test")
	check(t, err)
	if s := a.status(); a.rules.Load() != nil || s.Note != "" || strings.Contains(a.budget.Why(time.Now()), "another") {
		t.Fatalf("after the person withdrew here, too: %+v; %q", s, a.budget.Why(time.Now()))
	}
}

// Nothing is agreed to here: what happened on another device before is old when the person agrees.
func TestWithdrawnElsewhereBeforeConsent(t *testing.T) {
	first := version(5, nil)
	a := device(t, first)
	check(t, a.withdrawnElsewhere([]*pb.Signed{otherStub(t, 1, must(a.keys.ErasureCode()), nil)}))
	a.agree(t, first)
	if a.rules.Load() == nil {
		t.Fatalf("nothing is recorded: %q", a.status().Note)
	}
}

// What this device signs as a withdrawal is what another device of the person believes, also if it was prepared.
func TestWithdrawalCarriesTheWord(t *testing.T) {
	first := version(5, nil)
	a := device(t, first)
	c := a.agree(t, first)
	check(t, a.keys.Withdraw(c.ID()))
	var s pb.Signed
	check(t, proto.Unmarshal(must(a.keys.Stub(c.ID())), &s))
	if id, ok := withdrawalOf(&s, tlog.SecretOf(must(a.keys.ErasureCode()))); !ok || id != c.ID() {
		t.Error("a prepared withdrawal is not believed")
	}
}
