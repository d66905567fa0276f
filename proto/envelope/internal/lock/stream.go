package lock

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
)

const (
	chunkSize = 64 << 10
	overhead  = 16
)

var errChunk = errors.New("a chunk does not open")

// SealedSize is how long n bytes are once sealed.
func SealedSize(n int) int { return n + overhead*((n+chunkSize-1)/chunkSize) }

// Seal encrypts plain in chunks of 64 KiB. The nonce counts the chunks and marks the last, so none can be moved, dropped or
// added. key must be used for this one payload only; plain must not be empty.
func Seal(key, plain []byte) ([]byte, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, SealedSize(len(plain)))
	for i := uint64(0); len(plain) > 0; i++ {
		n := min(chunkSize, len(plain))
		out = aead.Seal(out, nonce(i, n == len(plain)), plain[:n], nil)
		plain = plain[n:]
	}
	return out, nil
}

// Open decrypts what Seal made. It gives either everything or nothing.
func Open(key, sealed []byte) ([]byte, error) {
	aead, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(sealed))
	for i := uint64(0); len(sealed) > 0; i++ {
		n := min(chunkSize+overhead, len(sealed))
		if out, err = aead.Open(out, nonce(i, n == len(sealed)), sealed[:n], nil); err != nil {
			return nil, errChunk
		}
		sealed = sealed[n:]
	}
	return out, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce is 11 bytes of chunk number, big endian, and one byte that is 1 for the last chunk.
func nonce(i uint64, last bool) []byte {
	b := make([]byte, 12)
	binary.BigEndian.PutUint64(b[3:], i)
	if last {
		b[11] = 1
	}
	return b
}
