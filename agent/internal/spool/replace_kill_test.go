package spool

import (
	"crypto/hpke"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
)

// openWith is the person's key of a process that was killed.
func openWith(dir string) (hpke.PrivateKey, error) {
	b, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil {
		return nil, err
	}
	return hpke.MLKEM768X25519().NewPrivateKey(b)
}

// cutAndDie seals three boxes, cuts the middle one and is killed on the way.
func cutAndDie(t *testing.T, dir string) {
	step, err := strconv.Atoi(os.Getenv("BYLEAVE_CUT_STEP"))
	must(t, err)
	key, err := person().Bytes()
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "key"), key, 0o600))
	left := 1 << 30
	s, _, err := Open(dying{OS(), &left}, filepath.Join(dir, "spool"), quiet)
	must(t, err)
	must(t, s.Use(testKeys(consentA)))
	cutSaid(t, s, 1, "walrus one")
	b := cutSaid(t, s, 2, "walrus pelican")
	cutSaid(t, s, 3, "walrus two")
	p, err := open.ByPerson(b, person())
	must(t, err)
	n, err := redactor(t).Narrow(p, redact.Cut{Words: []string{"pelican"}})
	must(t, err)
	r, err := Reseal(testKeys(consentA), b, End{s.last.device, s.last.sequence, s.last.digest}, n)
	must(t, err)
	left = step
	must(t, s.Replace(r, device, func([]envelope.ID) error { return nil }))
	left = 1 << 30
	must(t, s.Close())
}

// TestReleaseLetsLeave: what the person lets leave passes the hold, from the oldest on and no further.
func TestReleaseLetsLeave(t *testing.T) {
	s := mustStart(t, newDisk())
	var ids []envelope.ID
	for i := range 3 {
		ids = append(ids, cutOne(t, s, i).Header().Batch)
	}
	if n := s.Release(ids[1:]); n != 0 {
		t.Errorf("%d younger boxes pass an older one", n)
	}
	if n := s.Release(ids[:2]); n != 2 || s.Stats().Released != 2 {
		t.Errorf("%d boxes may leave", n)
	}
	for i := range 2 {
		b, ok := s.Next(epoch, longHold)
		if !ok || b.Header().Batch != ids[i] {
			t.Fatalf("box %d does not leave", i)
		}
		must(t, s.Sent(ids[i]))
	}
	if _, ok := s.Next(epoch, longHold); ok {
		t.Error("a box leaves that nobody let go")
	}
}

const longHold = 1 << 62

// TestForgetBoxes destroys boxes by their ids, wherever they lie, and asks for those that may have left.
func TestForgetBoxes(t *testing.T) {
	d := newDisk()
	s := mustStart(t, d)
	var ids []envelope.ID
	for i := range 5 {
		ids = append(ids, cutOne(t, s, i).Header().Batch)
	}
	must(t, s.Quarantine(ids[1], "refused"))
	b, _ := s.Next(epoch.AddDate(90, 0, 0), 0)
	must(t, s.Sent(b.Header().Batch))
	stranger := envelope.ID{9}
	var asked []envelope.ID
	f, err := s.ForgetBoxes([]envelope.ID{ids[0], ids[1], ids[3], stranger}, func(left []envelope.ID) error { asked = left; return nil })
	must(t, err)
	if f.Held != 2 || f.Sent != 1 || len(asked) != 3 {
		t.Errorf("forgot %+v, asked for %d", f, len(asked))
	}
	there := inFolder(t, d)
	for i, gone := range []bool{true, true, false, true, false} {
		if _, ok := there[ids[i]]; ok == gone {
			t.Errorf("box %d: there %v", i, ok)
		}
	}
}
