package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/pb"
)

func TestPauseSurvivesARestart(t *testing.T) {
	s := open(t)
	until := time.Date(2031, 5, 4, 3, 2, 1, 500, time.UTC)
	for name, want := range map[string]*time.Time{"until a time": &until, "until resumed": {}, "none": nil} {
		if err := s.SavePause(want); err != nil {
			t.Fatal(err)
		}
		again, err := Open(s.dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := again.Pause()
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %s %v", name, d, err)
		}
	}
}

func TestUnreadablePauseIsAPause(t *testing.T) {
	s := open(t)
	if err := os.WriteFile(filepath.Join(s.dir, pauseFile), []byte("until tom"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := s.Pause()
	if !errors.Is(err, ErrDamaged) || got == nil || !got.IsZero() {
		t.Fatalf("%v %v", got, err)
	}
	if err := s.SavePause(nil); err != nil { // resuming mends it
		t.Fatal(err)
	}
	if got, err := s.Pause(); got != nil || err != nil {
		t.Fatalf("after resume: %v %v", got, err)
	}
}

func TestWallOnlyRises(t *testing.T) {
	s := open(t)
	noon := time.Date(2027, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct{ save, want time.Duration }{{0, 0}, {time.Hour, time.Hour}, {time.Minute, time.Hour}, {-time.Hour, time.Hour}} {
		if err := s.SaveWall(noon.Add(step.save)); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Wall(); err != nil || !got.Equal(noon.Add(step.want)) {
			t.Fatalf("after %v: %v %v", step.save, got, err)
		}
	}
	if err := s.ConfirmWall(noon); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Wall(); err != nil || !got.Equal(noon) {
		t.Fatalf("confirmed: %v %v", got, err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, wallFile), []byte("noon"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveWall(noon); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a damaged mark was overwritten, and the doubt with it: %v", err)
	}
}

func stub(t *testing.T, id byte, withdrawn bool) []byte {
	t.Helper()
	body, err := proto.Marshal(&pb.ConsentStub{Id: append(make([]byte, 15), id), Withdrawn: withdrawn})
	if err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(&pb.Signed{Body: body, Signature: []byte("signature")})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStubsWaitUntilDelivered(t *testing.T) {
	s := open(t)
	one, two, gone := stub(t, 1, false), stub(t, 2, false), stub(t, 1, true)
	for _, b := range [][]byte{two, one} {
		if err := s.SaveStub(b); err != nil {
			t.Fatal(err)
		}
	}
	wantPending(t, s, one, two)
	if err := s.StubDelivered(one); err != nil {
		t.Fatal(err)
	}
	wantPending(t, s, two)
	if err := s.SaveStub(one); err != nil { // told already
		t.Fatal(err)
	}
	wantPending(t, s, two)
	if err := s.SaveWithdrawal(gone); err != nil {
		t.Fatal(err)
	}
	wantPending(t, s, gone, two)
	for _, c := range []struct {
		id        byte
		withdrawn bool
		stub      []byte
	}{{1, true, gone}, {2, false, two}, {3, false, nil}} {
		id := [16]byte{15: c.id}
		w, err := s.Withdrawn(id)
		if err != nil || w != c.withdrawn {
			t.Errorf("consent %d withdrawn: %v %v", c.id, w, err)
		}
		b, err := s.Stub(id)
		if d := cmp.Diff(c.stub, b); err != nil || d != "" {
			t.Errorf("stub of consent %d: %s %v", c.id, d, err)
		}
	}
	if err := s.StubDelivered(gone); err != nil {
		t.Fatal(err)
	}
	if w, err := s.Withdrawn([16]byte{15: 1}); !w || err != nil {
		t.Fatalf("the withdrawal was forgotten after it was told: %v %v", w, err)
	}
	wantPending(t, s, two)
}

func wantPending(t *testing.T, s *Store, want ...[]byte) {
	t.Helper()
	again, err := Open(s.dir) // what a restart sees
	if err != nil {
		t.Fatal(err)
	}
	got, err := again.PendingStubs()
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Fatal(d, err)
	}
}

func TestMalformedStubsAreRefused(t *testing.T) {
	s := open(t)
	for name, b := range map[string][]byte{"empty": nil, "noise": []byte("\xff\xff"), "no id": {0x0a, 0x00}} {
		if err := s.SaveStub(b); err == nil {
			t.Errorf("%s was stored", name)
		}
		if err := s.StubDelivered(b); err == nil {
			t.Errorf("%s was delivered", name)
		}
	}
	if err := s.SaveWithdrawal(stub(t, 1, false)); err == nil {
		t.Error("a stub of a standing consent passed as a withdrawal")
	}
	wantPending(t, s)
}
