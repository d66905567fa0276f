package tlog_test

import (
	"testing"

	"github.com/byleave/byleave/proto/pin"
	"github.com/byleave/byleave/proto/tlog"
	"github.com/byleave/byleave/proto/tlog/tlogtest"
)

// FuzzFromOutside: leaves, checkpoints and codes from outside are read whole or refused.
func FuzzFromOutside(f *testing.F) {
	l := tlogtest.New()
	fill(l, 0, 3)
	body, err := tlog.Release{Export: "00112233445566778899aabbccddeeff", Custodian: "c", Purpose: "p"}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add(l.Sign())
	f.Add([]byte(pin.NewJoin("a:1", [32]byte{1}, [32]byte{2}, [32]byte{3}).String()))
	pinned, key := l.Fingerprint(), []byte(l.Key[32:]) // an Ed25519 key ends with its public half
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := tlog.ParseRelease(b); err == nil {
			_ = r.Words()
		}
		if cp, err := tlog.Parse(b, key, pinned); err == nil && cp.Size != 3 {
			t.Fatal("a checkpoint that nobody signed")
		}
		if j, err := pin.ParseJoin(string(b)); err == nil {
			if again, err := pin.ParseJoin(j.String()); err != nil || again != j {
				t.Fatal("a code does not come back")
			}
		}
	})
}
