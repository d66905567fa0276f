package spool

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/envelope"
)

// FuzzMarks: whatever a file of the spool holds and is called, it is what was written once, byte by byte, or nothing.
func FuzzMarks(f *testing.F) {
	at := time.Unix(1_800_000_000, 0)
	c := chainMark{link{envelope.ID{1}, 7, [32]byte{2}}, at}
	f.Add(c.encode())
	f.Add(span{at, at.Add(time.Minute)}.encode())
	f.Add(encodeTombstone(envelope.Tombstone{Sequence: 7, Signature: make([]byte, ed25519.SignatureSize)}))
	f.Add([]byte(boxName(7, envelope.ID{1}) + heldSuffix))
	f.Add([]byte(boxName(7, envelope.ID{1}) + sentSuffix + "\n"))
	f.Add(c.encode()[1:])
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, ok := decodeChain(b); ok && !bytes.Equal(m.encode(), b) {
			t.Error("a chain that nobody wrote")
		}
		if s, ok := decodeSpan(b); ok && !bytes.Equal(s.encode(), b) {
			t.Error("a span that nobody wrote")
		}
		if s, ok := decodeTombstone(b); ok && (!bytes.Equal(encodeTombstone(s), b) || len(s.Signature) != ed25519.SignatureSize) {
			t.Error("a tombstone that nobody wrote")
		}
		_, _ = decodeSession(b)
		if n, batch, suffix, ok := parseName(string(b)); ok && boxName(n, batch)+suffix != string(b) {
			t.Error("a name that nobody gave")
		}
	})
}
