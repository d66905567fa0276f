package redact

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"
)

// TestDigestIsSHA256 holds that a digest is half of SHA-256 over key, class and value, also where the one block is padded here and read from the hash, whose
// form of its state nobody promises. And no value is left in what is used again.
func TestDigestIsSHA256(t *testing.T) {
	n := newNames([16]byte{1})
	if n.hash == nil {
		t.Fatal("the hash of this library tells what it knows in another way: blockSum is not used")
	}
	for size := range 3 * sha256.BlockSize {
		value := bytes.Repeat([]byte{0xa5}, size)
		sum := sha256.Sum256(append(append(n.key[:], byte(person)), value...))
		want := digest{person, [2]uint64{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}}
		if got := n.digest(person, value); got != want {
			t.Errorf("%d bytes: %x, want %x", size, got.sum, want.sum)
		}
		state, err := n.hash.AppendBinary(nil)
		if err != nil || size >= 4 && bytes.Contains(append(append(state, n.block[:]...), n.state[:]...), value[:4]) {
			t.Errorf("%d bytes: the value is still there, %v", size, err)
		}
	}
}
