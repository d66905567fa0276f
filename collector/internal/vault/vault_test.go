package vault

import (
	"context"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type shelf map[store.ID]store.VaultKey

func (s shelf) VaultKey(_ context.Context, subject store.ID) (store.VaultKey, error) {
	v, ok := s[subject]
	if !ok {
		return v, store.ErrNotFound
	}
	return v, nil
}

func newHPKE(t *testing.T) hpke.PrivateKey {
	t.Helper()
	k, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	return k
}

// scene is a vault with one person, a box of theirs, and the custodian whom it names.
type scene struct {
	vault     *Vault
	shelf     shelf
	dir       string
	box       envelope.Box
	custodian hpke.PrivateKey
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{shelf: shelf{}, dir: t.TempDir(), custodian: newHPKE(t)}
	must(t, Create(s.dir))
	var err error
	s.vault, err = Load(s.dir, s.shelf)
	must(t, err)
	subject := store.ID{1}
	s.shelf[subject], err = s.vault.NewKey(subject)
	must(t, err)
	pub, err := hpke.MLKEM768X25519().NewPublicKey(s.shelf[subject].Public)
	must(t, err)
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	payload, err := proto.Marshal(&pb.Payload{Schema: 1, Session: make([]byte, 16), Redactor: "test"})
	must(t, err)
	s.box, err = seal.Seal(seal.Params{Subject: subject, Device: store.ID{2}, Consent: store.ID{3}, Purpose: "train", Sequence: 1,
		Custodians: []hpke.PublicKey{s.custodian.PublicKey()}, Vault: pub, Person: newHPKE(t).PublicKey(), Sign: sign}, payload)
	must(t, err)
	return s
}

func (s *scene) half(t *testing.T, export store.ID) []byte {
	t.Helper()
	sealed, err := s.vault.Release(context.Background(), s.box, export, s.custodian.PublicKey().Bytes())
	must(t, err)
	half, err := hpke.Open(s.custodian, hpke.HKDFSHA256(), hpke.AES256GCM(), HalfInfo(export, s.box.Header().Batch), sealed)
	must(t, err)
	return half
}

// TestI9HalvesOpenOnlyTogether: the released half and the custodian's key open the box; neither does alone.
func TestI9HalvesOpenOnlyTogether(t *testing.T) {
	s := newScene(t)
	half := s.half(t, store.ID{9})
	if _, err := open.ByHalves(s.box, []hpke.PrivateKey{s.custodian}, half); err != nil {
		t.Fatal(err)
	}
	if _, err := open.ByHalves(s.box, []hpke.PrivateKey{newHPKE(t)}, half); err == nil {
		t.Fatal("the vault's half opened a box without its custodian")
	}
	if _, err := open.ByHalves(s.box, []hpke.PrivateKey{s.custodian}, make([]byte, envelope.HalfSize)); err == nil {
		t.Fatal("the custodian opened a box without the vault's half")
	}
}

func TestReleaseIsBoundToItsExport(t *testing.T) {
	s := newScene(t)
	sealed, err := s.vault.Release(context.Background(), s.box, store.ID{9}, s.custodian.PublicKey().Bytes())
	must(t, err)
	for name, info := range map[string][]byte{
		"export": HalfInfo(store.ID{8}, s.box.Header().Batch), "batch": HalfInfo(store.ID{9}, store.ID{}), "use": nil,
	} {
		if _, err := hpke.Open(s.custodian, hpke.HKDFSHA256(), hpke.AES256GCM(), info, sealed); err == nil {
			t.Errorf("the half opens for another %s", name)
		}
	}
}

func TestReleaseRefuses(t *testing.T) {
	s := newScene(t)
	if _, err := s.vault.Release(context.Background(), s.box, store.ID{}, newHPKE(t).PublicKey().Bytes()); !errors.Is(err, ErrNotNamed) {
		t.Fatal("a custodian whom the box does not name:", err)
	}
	if _, err := s.vault.Release(context.Background(), s.box, store.ID{}, []byte("no key")); err == nil {
		t.Fatal("a key that is none was accepted")
	}
	subject := s.box.Header().Subject
	stolen := s.shelf[subject]
	s.shelf[subject] = store.VaultKey{Subject: subject, Public: stolen.Public, Wrapped: append([]byte{9}, stolen.Wrapped[1:]...)}
	if _, err := s.vault.Release(context.Background(), s.box, store.ID{}, s.custodian.PublicKey().Bytes()); err == nil {
		t.Fatal("an unknown form of wrapping was accepted")
	}
	delete(s.shelf, subject)
	if _, err := s.vault.Release(context.Background(), s.box, store.ID{}, s.custodian.PublicKey().Bytes()); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("a destroyed key:", err)
	}
}

// TestKeysLieOutsideTheDatabase: with another key file, or for another person, what the database holds unwraps to nothing.
func TestKeysLieOutsideTheDatabase(t *testing.T) {
	s := newScene(t)
	other := t.TempDir()
	must(t, Create(other))
	v, err := Load(other, s.shelf)
	must(t, err)
	if _, err := v.Release(context.Background(), s.box, store.ID{}, s.custodian.PublicKey().Bytes()); err == nil {
		t.Fatal("another key file unwrapped the person's key")
	}
	stranger, err := s.vault.NewKey(store.ID{5})
	must(t, err)
	s.shelf[s.box.Header().Subject] = stranger
	if _, err := s.vault.Release(context.Background(), s.box, store.ID{}, s.custodian.PublicKey().Bytes()); err == nil {
		t.Fatal("another person's key was unwrapped in this one's place")
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir, shelf{}); err == nil {
		t.Fatal("no key file")
	}
	must(t, Create(dir))
	if Create(dir) == nil {
		t.Fatal("the key file was replaced")
	}
	info, err := os.Stat(filepath.Join(dir, keyName))
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Fatalf("mode %o", info.Mode().Perm())
	}
	must(t, os.Truncate(filepath.Join(dir, keyName), 31))
	if _, err := Load(dir, shelf{}); err == nil {
		t.Fatal("a short key file")
	}
}
