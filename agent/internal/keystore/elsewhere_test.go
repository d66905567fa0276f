package keystore

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestElsewhereCountsOnce: a withdrawal on another device leaves the person to decide here until they do, also after a restart; the same one
// again changes nothing, and a damaged file is the careful answer.
func TestElsewhereCountsOnce(t *testing.T) {
	s := open(t)
	at := time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)
	one, two := [16]byte{1}, [16]byte{2}
	hear := func(want, stop bool, c ...[16]byte) {
		t.Helper()
		if fresh, err := s.HearElsewhere(c, stop, at); err != nil || fresh != want {
			t.Fatalf("fresh %v, want %v: %v", fresh, want, err)
		}
	}
	is := func(want time.Time) {
		t.Helper()
		again, err := Open(s.dir)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := again.Elsewhere(); err != nil || !got.Equal(want) {
			t.Fatalf("%v, want %v: %v", got, want, err)
		}
	}
	is(time.Time{})
	hear(false, false, one) // nothing is agreed to here, so there is nothing to stop
	hear(false, true, one)  // and later it is old
	is(time.Time{})
	hear(true, true, one, two)
	is(at)
	save(t, s.ForgetElsewhere())
	hear(false, true, two, one)
	is(time.Time{})
	if s.Mark() != ([32]byte{}) {
		t.Error("a mark before any news")
	}
	save(t, s.SaveMark([32]byte{7}))
	if s.Mark() != ([32]byte{7}) {
		t.Error("the mark is lost")
	}
	save(t, os.WriteFile(filepath.Join(s.dir, elsewhereFile), []byte("soon"), 0o600))
	if _, err := s.Elsewhere(); err == nil || s.Mark() != ([32]byte{}) {
		t.Error("a damaged file is no error")
	}
	save(t, s.ForgetElsewhere())
	is(time.Time{})
	hear(true, true, one)
}
