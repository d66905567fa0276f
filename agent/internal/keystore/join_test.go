package keystore

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestJoined: what one device leaves for another opens with the key of the code alone, and makes the same person with the same receipt, and no
// consent.
func TestJoined(t *testing.T) {
	first, second := open(t), open(t)
	pub, sealedPerson, recovery, err := NewPersonKey([]byte("correct horse battery"))
	if err != nil {
		t.Fatal(err)
	}
	if err := first.write(personFile, sealedPerson); err != nil {
		t.Fatal(err)
	}
	if _, err := first.SealForAnother([]byte("another passphrase"), [32]byte{1}); !errors.Is(err, ErrPassphrase) {
		t.Fatal("without the passphrase:", err)
	}
	sealed, err := first.SealForAnother([]byte("correct horse battery"), [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFromAnother(sealed, [32]byte{2}); !errors.Is(err, ErrJoined) {
		t.Fatal("another key opens it:", err)
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := OpenFromAnother(bad, [32]byte{1}); !errors.Is(err, ErrJoined) {
			t.Fatalf("byte %d was changed: %v", i, err)
		}
	}
	left, err := OpenFromAnother(sealed, [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := left.Person([]byte("short")); !errors.Is(err, ErrWeak) {
		t.Fatal("a weak passphrase was taken:", err)
	}
	got, own, err := left.Person([]byte("a passphrase of its own"))
	if err != nil || !bytes.Equal(got, pub) {
		t.Fatal("another person:", err)
	}
	if err := second.write(personFile, own); err != nil {
		t.Fatal(err)
	}
	key, err := second.UnlockPerson([]byte("a passphrase of its own"))
	if err != nil || !bytes.Equal(key.PublicKey().Bytes(), pub) {
		t.Fatal("the second device does not open what was sealed to the person:", err)
	}
	if err := second.SaveJoined(Identity{}, own, left); err == nil {
		t.Fatal("an enrolment that is incomplete was stored")
	}
	a, err := first.ErasureCode()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := second.ErasureCode(); err != nil || a != b {
		t.Fatal("two receipts:", err)
	}
	recovered, err := Recovered(recovery)
	if err != nil || !bytes.Equal(recovered.PublicKey().Bytes(), pub) {
		t.Fatal("the recovery code:", err)
	}
	if again, _, err := RecoverPersonKey(recovery, []byte("a third passphrase")); err != nil || !bytes.Equal(again, pub) {
		t.Fatal("the recovery code makes another key:", err)
	}
	if _, _, err := RecoverPersonKey("0"+recovery[1:], []byte("a third passphrase")); !errors.Is(err, ErrCode) && recovery[0] != '0' {
		t.Fatal("a mistyped code:", err)
	}
}

// TestListed: what was listed comes back, and a file that was cut is not taken for less.
func TestListed(t *testing.T) {
	s := open(t)
	at, hour := time.Unix(1_764_000_000, 0), time.Unix(1_763_996_400, 0)
	boxes := []Listed{{[16]byte{1}, hour}, {[16]byte{2}, hour.Add(time.Hour)}, {[16]byte{3}, hour}}
	if err := s.write(listedFileOld, append(make([]byte, 7), 1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := s.Listed(); err != nil || len(got) != 1 || got[0].Batch[0] != 9 || !got[0].Hour.IsZero() {
		t.Fatal("from before:", got, err)
	}
	if err := s.SaveListed(at, boxes); err != nil {
		t.Fatal(err)
	}
	if when, got, err := s.Listed(); err != nil || !when.Equal(at) || !slices.Equal(got, boxes) {
		t.Fatal(when, got, err)
	}
	if err := s.write(listedFile, make([]byte, 8+20+16)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Listed(); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
}

// TestSeen: what was seen of the ledger comes back as it was, and a damaged file is no first look.
func TestSeen(t *testing.T) {
	s := open(t)
	if note, _, err := s.Seen(); note != nil || err != nil {
		t.Fatal(note, err)
	}
	if err := s.SaveSeen([]byte("note\n"), []byte("key")); err != nil {
		t.Fatal(err)
	}
	if note, key, err := s.Seen(); string(note) != "note\n" || string(key) != "key" || err != nil {
		t.Fatal(string(note), string(key), err)
	}
	if err := s.write(ledgerFile, []byte("{")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Seen(); !errors.Is(err, ErrDamaged) {
		t.Fatal(err)
	}
}
