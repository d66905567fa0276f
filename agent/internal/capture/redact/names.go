package redact

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"hash"
	"slices"
	"strconv"
	"strings"

	"github.com/byleave/byleave/proto/pb"
)

// names gives each value of a session its number. It keeps no value: only a keyed digest, whose key never leaves RAM.
type names struct {
	key  [16]byte
	ids  []numbering // half of them are free at least; a value has the first free place from its sum on, which spreads as well as any hash
	held int
	last [classes]uint32

	hash  sha                    // nil if it tells what it knows in another way
	block [sha256.BlockSize]byte // begins with the key
	state [128]byte              // memory of what the hash tells
}

// sha is SHA-256 that tells what it knows.
type sha interface {
	hash.Hash
	encoding.BinaryAppender
}

// numbering is the sum of a digest, which its class is part of, and the number of the value. A free place has no number.
type numbering struct {
	sum [2]uint64
	id  uint32
}

// digest stands for a value of a class; two are equal if the values are.
type digest struct {
	class class
	sum   [2]uint64
}

// mostNames bounds what a session remembers; from then on every value is a new one.
const mostNames = 1 << 14

func newNames(session [16]byte) *names {
	n := &names{ids: make([]numbering, 128)}
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	seed = sha256.Sum256(append(seed[:], session[:]...))
	copy(n.key[:], seed[:])
	copy(n.block[:], n.key[:])
	if h, ok := sha256.New().(sha); ok {
		if n.hash = h; n.blockSum(opaque, nil) != n.longSum(opaque, nil) {
			n.hash = nil
		}
	}
	return n
}

// digest is SHA-256 over the key first, and is cut to half, so that nobody can go on from it to the digest of another value.
func (n *names) digest(c class, normal []byte) digest {
	if len(normal) <= mostBlock && n.hash != nil {
		return digest{c, n.blockSum(c, normal)}
	}
	return digest{c, n.longSum(c, normal)}
}

// longSum is the sum of a value of any length.
func (n *names) longSum(c class, normal []byte) [2]uint64 {
	var room [256]byte
	sum := sha256.Sum256(append(append(append(room[:0], n.key[:]...), byte(c)), normal...))
	return [2]uint64{binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])}
}

// A value of up to so many bytes fits into one block of SHA-256, with the key and its class before it and the padding behind it.
const (
	blockHead = len(names{}.key) + 1
	mostBlock = sha256.BlockSize - blockHead - 1 - 8
)

// blockSum is the sum of such a value. The padding is written here, so that the hash has the sum when it has taken the one block: to end the hash costs as
// much as that again. What it knows then it tells behind four bytes of its name; newNames asks whether it does.
func (n *names) blockSum(c class, normal []byte) [2]uint64 {
	b := &n.block
	b[blockHead-1] = byte(c)
	k := blockHead + copy(b[blockHead:], normal)
	b[k] = 0x80
	clear(b[k+1 : len(b)-1])
	b[len(b)-2], b[len(b)-1] = byte(k>>5), byte(k<<3) // its bits
	n.hash.Reset()
	n.hash.Write(b[:])
	state, err := n.hash.AppendBinary(n.state[:0])
	clear(b[blockHead:])
	if err != nil || len(state) < 20 {
		return [2]uint64{}
	}
	return [2]uint64{binary.LittleEndian.Uint64(state[4:]), binary.LittleEndian.Uint64(state[12:])}
}

// place is where the number of a value stands, or would.
func (n *names) place(sum [2]uint64) *numbering {
	for i := sum[0]; ; i++ {
		if p := &n.ids[i&uint64(len(n.ids)-1)]; p.id == 0 || p.sum == sum {
			return p
		}
	}
}

func (n *names) id(d digest) uint32 {
	p := n.place(d.sum)
	if p.id != 0 {
		return p.id
	}
	n.last[d.class]++
	id := n.last[d.class]
	if n.held < mostNames {
		*p = numbering{d.sum, id}
		if n.held++; 2*n.held == len(n.ids) && n.held < mostNames {
			n.grow()
		}
	}
	return id
}

// grow makes room for four times as many: each time all are moved.
func (n *names) grow() {
	old := n.ids
	n.ids = make([]numbering, 4*len(old))
	for _, p := range old {
		if p.id != 0 {
			*n.place(p.sum) = p
		}
	}
}

// knows tells whether a value has a number already.
func (n *names) knows(d digest) bool { return n.place(d.sum).id != 0 }

// token is how a value is called.
func (n *names) token(d digest) string {
	return string(appendToken(nil, d.class, n.id(d)))
}

// appendToken writes how the value of a class with a number is called.
func appendToken(out []byte, c class, id uint32) []byte {
	out = append(append(append(out, '<'), c.String()...), '#')
	return append(strconv.AppendUint(out, uint64(id), 10), '>')
}

// builder writes a redacted text.
type builder struct {
	text  strings.Builder
	spans []*pb.Span
	names *names
}

// token writes the class token of a value of so many characters.
func (b *builder) token(d digest, characters int) {
	start, id := b.text.Len(), b.name(d)
	b.spans = append(b.spans, &pb.Span{
		Start: uint32(start), End: uint32(b.text.Len()), Class: d.class.String(), Id: id, Length: bucket(characters),
	})
}

// name writes the class token of a value and gives its number.
func (b *builder) name(d digest) uint32 {
	var room [32]byte
	id := b.names.id(d)
	b.text.Write(appendToken(room[:0], d.class, id))
	return id
}

// redact gives text with class tokens in place of what must not leave.
func (r *Redactor) redact(text []byte) string {
	return string(r.appendTokens(nil, text, r.engine.scan(text)))
}

// usualToken is how long most class tokens are at most.
const usualToken = 16

// appendTokens writes text with class tokens in place of the spans found. They lie in memory of the engine's. All digests are made before the first is
// looked up, and all numbers looked up before the first is written: the processor can wait for many at the same time.
func (r *Redactor) appendTokens(out, text []byte, found []span) []byte {
	r.digests = r.digests[:0]
	size := len(text)
	for _, s := range found {
		r.digests = append(r.digests, r.names.digest(s.class, r.engine.normal(s.class, text[s.start:s.end])))
		size += usualToken - (s.end - s.start)
	}
	r.ids = r.ids[:0]
	for _, d := range r.digests {
		r.ids = append(r.ids, r.names.id(d))
	}
	out = slices.Grow(out, size)
	at := 0
	for i, s := range found {
		out = appendToken(append(out, text[at:s.start]...), s.class, r.ids[i])
		at = s.end
	}
	return append(out, text[at:]...)
}
