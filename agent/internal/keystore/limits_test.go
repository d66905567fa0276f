package keystore

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestLimitsAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := s.Limits(); err != nil || !reflect.DeepEqual(l, Limits{}) {
		t.Fatalf("at first: %+v, %v", l, err)
	}
	hold := time.Minute
	want := Limits{BytesPerDay: 5, OnlyOn: "a \"name\"", Hours: &Hours{From: 1, Until: 2}, MainsOnly: true, Hold: &hold, KeepDays: 3, KeepBytes: 4, Quota: 6, DropOldest: true}
	if err := s.SaveLimits(want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Limits(); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, damaged := range []string{"", "{", "{}{}", `{"bytes_per_day":"5"}`, `{"a_later_limit":1}`} {
		if err := os.WriteFile(filepath.Join(dir, limitsFile), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Limits(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}

// TestDayIsKept: a count that is damaged in any byte is no smaller count, unless it reads as one that could have been written.
func TestDayIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if day, n, err := s.Day(); day != "" || n != 0 || err != nil {
		t.Fatal(day, n, err)
	}
	if err := s.SaveDay("2026-03-04", 123); err != nil {
		t.Fatal(err)
	}
	if day, n, err := s.Day(); day != "2026-03-04" || n != 123 || err != nil {
		t.Fatal(day, n, err)
	}
	for _, damaged := range []string{"", "x", "2026-03-04", "2026-03-04 ", "2026-03-04 12", "2026-13-04 12\n", "2026-03-04 -1\n", "2026-03-04 1\n2\n"} {
		if err := os.WriteFile(filepath.Join(dir, dayFile), []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, n, err := s.Day(); !errors.Is(err, ErrDamaged) || n != math.MaxInt64 {
			t.Errorf("%q: %d, %v", damaged, n, err)
		}
	}
}
