package keystore

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// FuzzFiles: whatever lies in the files of the key folder, and whatever another device left, is read whole or said to be damaged.
func FuzzFiles(f *testing.F) {
	var key [32]byte
	rand.Read(key[:])
	for _, v := range []any{identityJSON{Collector: "a:1"}, sealedJSON{KDF: kdfName, Iterations: iterations, Salt: make([]byte, 32), Nonce: make([]byte, 12)},
		elsewhereJSON{Mark: make([]byte, 32), Since: time.Unix(1, 0), Heard: []string{"00"}}, consentJSON{Consent: []byte{1}, Policy: []byte{2}}, ledgerJSON{Note: "n"}} {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(time.Unix(1, 0).UTC().Format(time.RFC3339) + "\n"))
	f.Add([]byte(`{"since":"9999-12-31T23:59:59Z","mark":"","heard":[null]}`))
	f.Add(make([]byte, 24))
	s, err := Open(filepath.Join(f.TempDir(), "keys"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if id, err := decodeIdentity(b); err == nil && (id.CA == nil || id.TLS.Leaf == nil || id.VaultKey == nil) {
			t.Error("half an identity")
		}
		if j, err := parseSealed(b); err == nil && (j.Iterations > maxIterations || j.Iterations < iterations) {
			t.Error("a passphrase would cost what somebody else chose")
		}
		if note, _, err := ParseSeen(b); err == nil && len(note) == 0 {
			t.Error("an empty checkpoint")
		}
		if _, err := OpenFromAnother(b, key); err == nil {
			t.Error("opened what nobody sealed")
		}
		for _, name := range []string{elsewhereFile, refusedFile, consentFile, listedFile, limitsFile} {
			fatal(t, os.WriteFile(filepath.Join(s.dir, name), b, 0o600))
		}
		_, _ = s.Refused()
		_, _ = s.Limits()
		if c, p, err := s.Consent(); err == nil && (len(c) == 0) != (len(p) == 0) {
			t.Error("a consent without its policy")
		}
		_, _, _ = s.Listed()
		if _, err := s.HearElsewhere([][16]byte{{1}}, true, time.Unix(5, 0)); err != nil {
			t.Errorf("a damaged file is not begun anew: %v", err)
		}
		if _, err := s.Elsewhere(); err != nil {
			t.Errorf("after it was begun anew: %v", err)
		}
	})
}
