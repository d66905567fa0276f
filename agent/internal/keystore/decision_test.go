package keystore

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A no, a narrowing and a reminder survive a restart; a damaged file counts as the careful answer.
func TestDecisionsSurviveARestart(t *testing.T) {
	s := open(t)
	at := time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		save func(time.Time) error
		read func(*Store) (time.Time, error)
	}{
		refusedFile: {s.SaveRefused, (*Store).Refused}, narrowedFile: {s.SaveNarrowed, (*Store).Narrowed},
	} {
		if got, err := c.read(s); err != nil || !got.IsZero() {
			t.Errorf("%s before: %v, %v", name, got, err)
		}
		if err := c.save(at); err != nil {
			t.Fatal(err)
		}
		again, err := Open(s.dir)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := c.read(again); err != nil || !got.Equal(at) {
			t.Errorf("%s after a restart: %v, %v", name, got, err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte("soon"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.read(s); err == nil {
			t.Errorf("a damaged %s is no error", name)
		}
	}
	if err := s.ForgetRefused(); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Refused(); err != nil || !got.IsZero() {
		t.Errorf("a no that was taken back: %v, %v", got, err)
	}
	one, two := [16]byte{1}, [16]byte{2}
	if s.Reminded(one) {
		t.Error("reminded before")
	}
	if err := s.SaveReminded(one); err != nil {
		t.Fatal(err)
	}
	if !s.Reminded(one) || s.Reminded(two) {
		t.Error("the reminder is not of that consent alone")
	}
	if err := os.Chmod(filepath.Join(s.dir, remindedFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if !s.Reminded(two) {
		t.Error("a file that cannot be trusted lets the person be reminded twice")
	}
}

// Receipts are the person's alone, come newest first, and their names lead nowhere else.
func TestReceipts(t *testing.T) {
	s := open(t)
	for _, bad := range []string{"", "..", "../x", "a/b", "a.json", "a\x00", "a b"} {
		if err := s.SaveReceipt(bad, nil, nil); err == nil {
			t.Errorf("saved under %q", bad)
		}
		if j, text, err := s.Receipt(bad); err != nil || j != nil || text != nil {
			t.Errorf("read from %q", bad)
		}
	}
	for _, name := range []string{"2026-09-07T080000Z-given-01", "2026-10-07T080000Z-withdrawn-01"} {
		if err := s.SaveReceipt(name, []byte("{}"), []byte("text of "+name)); err != nil {
			t.Fatal(err)
		}
	}
	names, err := s.Receipts()
	if err != nil || len(names) != 2 || names[0] != "2026-10-07T080000Z-withdrawn-01" {
		t.Fatalf("%v, %v", names, err)
	}
	if j, text, err := s.Receipt(names[1]); err != nil || string(j) != "{}" || string(text) != "text of "+names[1] {
		t.Errorf("%q, %q, %v", j, text, err)
	}
	err = filepath.WalkDir(filepath.Join(s.dir, receiptFolder), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
