package keystore

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const passphrase = "four words in a row"

// person makes one person key for all tests: the key derivation is slow on purpose.
var person = sync.OnceValue(func() (p struct {
	pub, sealed []byte
	code        string
}) {
	var err error
	if p.pub, p.sealed, p.code, err = NewPersonKey([]byte(passphrase)); err != nil {
		panic(err)
	}
	return p
})

func newIdentity(t *testing.T) Identity {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pub, sign, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	vault, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	own, err := hpke.MLKEM768X25519().NewPublicKey(person().pub)
	if err != nil {
		t.Fatal(err)
	}
	return Identity{
		Subject: [16]byte{1}, Device: [16]byte{2}, Sign: sign, TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf},
		CA: leaf, Collector: "collector.example:8443", VaultKey: vault.PublicKey(), PolicyKey: pub, PersonKey: own, Ledger: [32]byte{3},
	}
}

func enrolled(t *testing.T) *Store {
	t.Helper()
	s := open(t)
	if err := s.SaveEnrolment(newIdentity(t), person().sealed); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestIdentityComesBack(t *testing.T) {
	s := open(t)
	if _, err := s.Identity(); !errors.Is(err, ErrNotEnrolled) || s.Enrolled() {
		t.Fatalf("before: %v", err)
	}
	want := newIdentity(t)
	if err := s.SaveEnrolment(want, person().sealed); err != nil {
		t.Fatal(err)
	}
	got, err := s.Identity()
	if err != nil || !s.Enrolled() {
		t.Fatal(err)
	}
	same := got.Subject == want.Subject && got.Device == want.Device && got.Sign.Equal(want.Sign) && got.CA.Equal(want.CA) &&
		got.Collector == want.Collector && bytes.Equal(got.VaultKey.Bytes(), want.VaultKey.Bytes()) && got.PolicyKey.Equal(want.PolicyKey) &&
		bytes.Equal(got.PersonKey.Bytes(), want.PersonKey.Bytes()) && got.Ledger == want.Ledger &&
		got.TLS.PrivateKey.(*ecdsa.PrivateKey).Equal(want.TLS.PrivateKey) && got.TLS.Leaf.Equal(want.TLS.Leaf)
	if !same {
		t.Fatal("the identity changed on the way")
	}
}

func TestIncompleteEnrolmentIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Identity){
		"no authority":      func(id *Identity) { id.CA = nil },
		"no vault":          func(id *Identity) { id.VaultKey = nil },
		"no person":         func(id *Identity) { id.PersonKey = nil },
		"no certificate":    func(id *Identity) { id.TLS = tls.Certificate{} },
		"no signing key":    func(id *Identity) { id.Sign = nil },
		"no policy key":     func(id *Identity) { id.PolicyKey = nil },
		"no port":           func(id *Identity) { id.Collector = "collector.example" },
		"another's tls key": func(id *Identity) { id.TLS.PrivateKey = newIdentity(t).TLS.PrivateKey },
	} {
		s := open(t)
		id := newIdentity(t)
		spoil(&id)
		if err := s.SaveEnrolment(id, person().sealed); err == nil || s.Enrolled() {
			t.Errorf("%s: %v, enrolled %v", name, err, s.Enrolled())
		}
	}
	s := open(t)
	if err := s.SaveEnrolment(newIdentity(t), []byte("{}")); !errors.Is(err, ErrDamaged) || s.Enrolled() {
		t.Errorf("no person key: %v", err)
	}
}

// TestDamagedIdentity cuts the file at many places and flips fields: it never opens as something else.
func TestDamagedIdentity(t *testing.T) {
	s := enrolled(t)
	path := filepath.Join(s.dir, identityFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := map[string][]byte{"empty": {}}
	for n := 1; n < len(whole)-2; n += len(whole) / 40 {
		damaged["cut"+string(rune('0'+n%10))+time.Duration(n).String()] = whole[:n]
	}
	var fields map[string]any
	if err := json.Unmarshal(whole, &fields); err != nil {
		t.Fatal(err)
	}
	for name := range fields {
		b, err := json.Marshal(without(fields, name))
		if err != nil {
			t.Fatal(err)
		}
		damaged["without "+name] = b
	}
	for name, b := range damaged {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Identity(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func without(fields map[string]any, name string) map[string]any {
	rest := map[string]any{}
	for k, v := range fields {
		if k != name {
			rest[k] = v
		}
	}
	return rest
}
