package tlog_test

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/tlog"
)

// TestVectors: what this package makes is what another program made of the same by proto/SPEC.md section 5.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/leaves.txt")
	must(t, err)
	v := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(name, "#") {
			v[name] = value
		}
	}
	raw := func(name string) []byte {
		b, err := hex.DecodeString(v[name])
		must(t, err)
		return b
	}
	want := func(name string, got [32]byte) {
		t.Helper()
		if hex.EncodeToString(got[:]) != v[name] {
			t.Errorf("%s: %x, want %s", name, got, v[name])
		}
	}
	s := tlog.SecretOf([32]byte(raw("code")))
	want("batch-salt", s.Salt(tlog.Batch, raw("batch-digest")))
	want("batch-leaf", s.BatchLeaf([32]byte(raw("batch-digest"))))
	want("consent-salt", s.ConsentSalt(raw("consent-signed")))
	want("consent-leaf", s.ConsentLeaf(raw("consent-signed")))
	want("erasure-salt", s.Salt(tlog.Erasure, raw("erasure-id")))
	want("erasure-leaf", s.ErasureLeaf(raw("erasure-id"), raw("erasure-record")))
	if got := tlog.Name(raw("ledger-key")); got != v["ledger-name"] {
		t.Errorf("name %q, want %q", got, v["ledger-name"])
	}
	j := pin.Join{Secret: [32]byte(raw("join-secret"))}
	want("join-key", j.Key())
	if token, err := base64.RawURLEncoding.DecodeString(j.Token()); err != nil || hex.EncodeToString(token) != v["join-token"] {
		t.Errorf("token %x, want %s", token, v["join-token"])
	}
}
