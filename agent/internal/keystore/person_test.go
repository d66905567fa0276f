package keystore

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/code"
	"pgregory.net/rapid"
)

// The shape of a recovery code.
const (
	groups   = code.Groups
	groupLen = code.GroupLen
	alphabet = code.Alphabet
)

func TestPersonKeyOpensWithPassphraseAndWithCode(t *testing.T) {
	s := enrolled(t)
	byPass, err := s.UnlockPerson([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	byCode, err := s.RecoverPerson(person().code)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range [][]byte{byPass.PublicKey().Bytes(), byCode.PublicKey().Bytes()} {
		if !bytes.Equal(key, person().pub) {
			t.Fatal("another key came out")
		}
	}
	if _, err := s.UnlockPerson([]byte("four words in a raw")); !errors.Is(err, ErrPassphrase) {
		t.Fatalf("wrong passphrase: %v", err)
	}
	if _, _, _, err := NewPersonKey([]byte("short")); !errors.Is(err, ErrWeak) {
		t.Fatalf("short passphrase: %v", err)
	}
}

func TestUnlockNeedsAnEnrolment(t *testing.T) {
	if _, err := open(t).UnlockPerson([]byte(passphrase)); !errors.Is(err, ErrNotEnrolled) {
		t.Fatal(err)
	}
}

// TestSeedIsNowhereOnDisk looks for the seed in every file and form.
func TestSeedIsNowhereOnDisk(t *testing.T) {
	s := enrolled(t)
	seed, err := decodeRecovery(person().code)
	if err != nil {
		t.Fatal(err)
	}
	forms := []string{string(seed), hex.EncodeToString(seed), base64.StdEncoding.EncodeToString(seed),
		base64.RawURLEncoding.EncodeToString(seed), person().code, strings.ReplaceAll(person().code, "-", ""), passphrase}
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d files: %v", len(entries), err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(s.dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for i, form := range forms {
			if bytes.Contains(b, []byte(form)) {
				t.Errorf("%s holds the seed or the passphrase (form %d)", e.Name(), i)
			}
		}
	}
}

func TestSealedKeyRefusesWeakOrForeignParameters(t *testing.T) {
	s := enrolled(t)
	path := filepath.Join(s.dir, personFile)
	for name, change := range map[string][2]string{
		"fewer iterations":   {`"iterations": 600000`, `"iterations": 1000`},
		"endless iterations": {`"iterations": 600000`, `"iterations": 2000000000`},
		"another function":   {kdfName, "none"},
	} {
		b := bytes.Replace(person().sealed, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(b, person().sealed) {
			t.Fatalf("%s: nothing changed", name)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UnlockPerson([]byte(passphrase)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := bytes.Replace(person().sealed, []byte(`"public": "`), []byte(`"public": "AAAA`), 1)
	if err := os.WriteFile(path, other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.UnlockPerson([]byte(passphrase)); !errors.Is(err, ErrPassphrase) {
		t.Errorf("seed bound to another public key: %v", err)
	}
}

func TestCodeOfAnotherKey(t *testing.T) {
	s := enrolled(t)
	if _, err := s.RecoverPerson(encodeRecovery(make([]byte, seedSize))); !errors.Is(err, ErrCode) {
		t.Fatal(err)
	}
}

func TestRecoveryCodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), seedSize, seedSize).Draw(t, "seed")
		code := encodeRecovery(seed)
		if len(code) != groups*groupLen+groups-1 {
			t.Fatalf("length %d", len(code))
		}
		sloppy := strings.NewReplacer("-", " \n", "0", "o", "1", "l").Replace(strings.ToLower(code))
		for _, c := range []string{code, sloppy} {
			if got, err := decodeRecovery(c); err != nil || !bytes.Equal(got, seed) {
				t.Fatalf("%v", err)
			}
		}
	})
}

// TestEveryTypoIsFoundInItsGroup replaces every character by every other one.
func TestEveryTypoIsFoundInItsGroup(t *testing.T) {
	code := person().code
	plain := strings.ReplaceAll(code, "-", "")
	for i := range plain {
		for _, r := range alphabet {
			if byte(r) == plain[i] {
				continue
			}
			_, err := decodeRecovery(plain[:i] + string(r) + plain[i+1:])
			if !errors.Is(err, ErrCode) || !strings.Contains(err.Error(), "group "+string(rune('1'+i/groupLen))+" of 8") {
				t.Fatalf("character %d as %c: %v", i, r, err)
			}
		}
	}
}

func TestOtherMistakesAreFound(t *testing.T) {
	code := person().code
	parts := strings.Split(code, "-")
	swapped := append([]string{parts[1], parts[0]}, parts[2:]...)
	if parts[0] == parts[1] {
		t.Fatal("two equal groups: the generator is broken")
	}
	for name, bad := range map[string]string{
		"nothing":         "",
		"too short":       code[:len(code)-1],
		"too long":        code + "0",
		"groups swapped":  strings.Join(swapped, "-"),
		"strange letter":  "U" + code[1:],
		"not ASCII":       "é" + code[1:],
		"invalid UTF-8":   "\xff" + code[1:],
		"a group missing": strings.Join(parts[1:], "-"),
	} {
		if _, err := decodeRecovery(bad); !errors.Is(err, ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
