package tlog

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// Kind is what a leaf about a person is about. In the log no kind can be told from another, nor from a blank leaf.
type Kind string

// The kinds. A consent leaf is of a stub or of its withdrawal.
const (
	Batch   Kind = "batch"
	Consent Kind = "consent"
	Erasure Kind = "erasure"
)

const (
	leafDomain   = "byleave leaf v1\x00"
	saltDomain   = "byleave leaf salt v1\x00"
	secretDomain = "byleave leaf secret v1"
	wordDomain   = "byleave withdrawal word v1\x00"
)

// Leaf is the leaf of a thing: a commitment that only its salt opens. The body of a batch is the digest of its box, that of a consent
// or an erasure the signed message.
func Leaf(kind Kind, salt [32]byte, body []byte) [32]byte {
	h := sha256.New()
	h.Write([]byte(leafDomain))
	h.Write(salt[:])
	h.Write([]byte(kind + "\x00"))
	h.Write(body)
	return [32]byte(h.Sum(nil))
}

// Signed is the bytes of a signed message that its leaf is of.
func Signed(m *pb.Signed) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil // two fields of bytes cannot fail
	}
	return b
}

// Secret makes the salts of one person. All of their devices and their receipt have it; the collector gets salts and keeps none.
type Secret struct{ key [32]byte }

// SecretOf derives the secret from the person's erasure code.
func SecretOf(code [32]byte) Secret {
	key, err := hkdf.Key(sha256.New, code[:], nil, secretDomain, 32)
	if err != nil {
		panic("tlog: " + err.Error()) // the length is right
	}
	return Secret{[32]byte(key)}
}

// Salt is the salt of one leaf. A batch is named by its digest, a consent by the SHA-256 of its signed message, an erasure by its id.
func (s Secret) Salt(kind Kind, name []byte) [32]byte {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(saltDomain + string(kind) + "\x00"))
	mac.Write(name)
	return [32]byte(mac.Sum(nil))
}

// BatchLeaf is the leaf of a box of the person by its digest.
func (s Secret) BatchLeaf(digest [32]byte) [32]byte {
	return Leaf(Batch, s.Salt(Batch, digest[:]), digest[:])
}

// ConsentSalt is the salt of a consent stub or a withdrawal.
func (s Secret) ConsentSalt(signed []byte) [32]byte {
	sum := sha256.Sum256(signed)
	return s.Salt(Consent, sum[:])
}

// ConsentLeaf is the leaf of a consent stub or a withdrawal.
func (s Secret) ConsentLeaf(signed []byte) [32]byte {
	return Leaf(Consent, s.ConsentSalt(signed), signed)
}

// ErasureLeaf is the leaf of an erasure by its id and its signed record.
func (s Secret) ErasureLeaf(id, record []byte) [32]byte {
	return Leaf(Erasure, s.Salt(Erasure, id), record)
}

// Word is what stands in the withdrawal of a consent so that the person's other devices know it for their person's own: nobody else can
// make it, and it is made with the withdrawal, never before it is wanted.
func (s Secret) Word(consent [16]byte) [32]byte {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(wordDomain))
	mac.Write(consent[:])
	return [32]byte(mac.Sum(nil))
}
