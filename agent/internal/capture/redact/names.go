package redact

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/byleave/byleave/proto/pb"
)

// names gives each value of a session its number. It keeps no value: only a keyed digest, whose key never leaves RAM.
type names struct {
	mac  hash.Hash
	ids  map[digest]uint32
	last [classes]uint32
}

// digest stands for a value of a class; two are equal if the values are.
type digest struct {
	class class
	sum   [16]byte
}

// mostNames bounds what a session remembers; from then on every value is a new one.
const mostNames = 1 << 14

func newNames(session [16]byte) *names {
	var key [32]byte
	rand.Read(key[:]) // never fails
	n := &names{mac: hmac.New(sha256.New, append(key[:], session[:]...)), ids: map[digest]uint32{}}
	return n
}

func (n *names) digest(c class, normal []byte) digest {
	d := digest{class: c}
	n.mac.Reset()
	n.mac.Write([]byte{byte(c)})
	n.mac.Write(normal)
	copy(d.sum[:], n.mac.Sum(nil))
	return d
}

func (n *names) id(d digest) uint32 {
	if id, ok := n.ids[d]; ok {
		return id
	}
	n.last[d.class]++
	id := n.last[d.class]
	if len(n.ids) < mostNames {
		n.ids[d] = id
	}
	return id
}

// knows tells whether a value has a number already.
func (n *names) knows(d digest) bool {
	_, ok := n.ids[d]
	return ok
}

// token is how a value is called.
func (n *names) token(d digest) string {
	return "<" + d.class.String() + "#" + strconv.FormatUint(uint64(n.id(d)), 10) + ">"
}

// builder writes a redacted text.
type builder struct {
	text  strings.Builder
	spans []*pb.Span
	names *names
}

// token writes the class token of a value of so many characters.
func (b *builder) token(d digest, characters int) {
	id := b.names.id(d)
	start := b.text.Len()
	b.text.WriteString(b.names.token(d))
	b.spans = append(b.spans, &pb.Span{
		Start: uint32(start), End: uint32(b.text.Len()), Class: d.class.String(), Id: id, Length: bucket(characters),
	})
}

// redact gives text with class tokens in place of what must not leave.
func (r *Redactor) redact(text []byte) string {
	return r.tokens(text, r.engine.scan(text))
}

// tokens writes text with class tokens in place of the spans found. They lie in memory of the engine's.
func (r *Redactor) tokens(text []byte, found []span) string {
	if len(found) == 0 {
		return string(text)
	}
	b := builder{names: r.names}
	at := 0
	spans := append([]span(nil), found...)
	for _, s := range spans {
		b.text.Write(text[at:s.start])
		value := text[s.start:s.end]
		b.token(r.names.digest(s.class, r.engine.normal(s.class, value)), utf8.RuneCount(value))
		at = s.end
	}
	b.text.Write(text[at:])
	return b.text.String()
}
