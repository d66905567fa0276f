package keystore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestErasuresStayUntilDone(t *testing.T) {
	s := enrolled(t)
	one, two := [16]byte{1}, [16]byte{2}
	fatal(t, s.SaveErasure(one, []byte("one")))
	fatal(t, s.SaveErasure(two, []byte("two")))
	s, err := Open(s.dir)
	fatal(t, err)
	due, err := s.Erasures()
	fatal(t, err)
	if len(due) != 2 || string(due[one]) != "one" {
		t.Fatalf("%q", due)
	}
	fatal(t, s.ErasureDone(one, []byte("signed")))
	fatal(t, s.ErasureDone(two, nil))
	due, err = s.Erasures()
	fatal(t, err)
	records, err := s.ErasureRecords()
	fatal(t, err)
	if len(due) != 0 || len(records) != 1 || string(records[one]) != "signed" {
		t.Fatalf("%q %q", due, records)
	}
	info, err := os.Stat(filepath.Join(s.dir, erasureName(one)+record))
	fatal(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %o", info.Mode().Perm())
	}
}

func TestErasureCodeIsDrawnOnce(t *testing.T) {
	s := enrolled(t)
	first, err := s.ErasureCode()
	fatal(t, err)
	again, err := s.ErasureCode()
	fatal(t, err)
	if first != again || first == ([32]byte{}) {
		t.Fatalf("%x %x", first, again)
	}
	fatal(t, os.WriteFile(filepath.Join(s.dir, receiptFile), []byte("noise"), 0o600))
	if _, err := s.ErasureCode(); err == nil {
		t.Fatal("a damaged receipt was replaced in silence")
	}
}

// TestReplacePersonKey: from then on the new passphrase and code count, the old ones open nothing, and boxes are sealed to the new key.
func TestReplacePersonKey(t *testing.T) {
	s := enrolled(t)
	old, err := s.Identity()
	fatal(t, err)
	pub, sealed, recovery, err := NewPersonKey([]byte("another passphrase"))
	fatal(t, err)
	fatal(t, s.ReplacePersonKey(sealed))
	id, err := s.Identity()
	fatal(t, err)
	if !bytes.Equal(id.PersonKey.Bytes(), pub) || bytes.Equal(pub, old.PersonKey.Bytes()) {
		t.Fatal("the device still seals to the old key")
	}
	if _, err := s.RecoverPerson(recovery); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RecoverPerson(person().code); err == nil {
		t.Fatal("the old recovery code still counts")
	}
	if _, err := s.UnlockPerson([]byte("another passphrase")); err != nil {
		t.Fatal(err)
	}
	if s.ReplacePersonKey([]byte("noise")) == nil {
		t.Fatal("noise took the key's place")
	}
}

func TestSaveRenewal(t *testing.T) {
	s := enrolled(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	fatal(t, err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{}, key.Public(), key)
	fatal(t, err)
	leaf, err := x509.ParseCertificate(der)
	fatal(t, err)
	before, err := s.Identity()
	fatal(t, err)
	if s.SaveRenewal(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: before.TLS.PrivateKey, Leaf: leaf}) == nil {
		t.Fatal("a certificate for another key was stored")
	}
	fatal(t, s.SaveRenewal(tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}))
	after, err := s.Identity()
	fatal(t, err)
	if !bytes.Equal(after.TLS.Certificate[0], der) || after.Device != before.Device || !after.Sign.Equal(before.Sign) {
		t.Fatal("the renewal did not take, or took more than the certificate")
	}
}
