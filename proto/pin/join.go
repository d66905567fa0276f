package pin

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"github.com/byleave/byleave/proto/code"
)

const joinKind = "join"

// ErrJoin means that a string is no code to join with, or not a whole one. It quotes nothing: the code is secret.
var ErrJoin = errors.New("this is not a whole code to join with; copy all of it, from byleave:// to its end, in quotes")

// Join is what one device of a person shows to another: where the collector is, what to trust, and a secret. From the secret come the token
// that the collector takes once, and the key under which the devices exchange what the collector must not read; neither tells the other.
type Join struct {
	Collector          string // host:port
	CA, Policy, Ledger [32]byte
	Secret             [32]byte
}

// NewJoin draws the secret.
func NewJoin(collector string, ca, policy, ledger [32]byte) Join {
	j := Join{Collector: collector, CA: ca, Policy: policy, Ledger: ledger}
	rand.Read(j.Secret[:]) // never fails: it ends the program rather than giving weak bytes
	return j
}

// Token is what the collector is shown by the device that joins.
func (j Join) Token() string { return encode(j.derive("byleave join token v1")) }

// TokenHash is what the collector is told of the token before.
func (j Join) TokenHash() [32]byte {
	return sha256.Sum256([]byte("byleave token v1\x00" + j.Token()))
}

// Key seals what one device leaves for the other. The collector never has it.
func (j Join) Key() [32]byte { return j.derive("byleave join key v1") }

func (j Join) derive(info string) [32]byte {
	out, err := hkdf.Key(sha256.New, j.Secret[:], nil, info, 32)
	if err != nil {
		panic("pin: " + err.Error()) // the length is right
	}
	return [32]byte(out)
}

// String is the code as one string. It is secret for as long as it counts.
func (j Join) String() string {
	return "byleave://" + j.Collector + "/?ca=" + encode(j.CA) + "&policy=" + encode(j.Policy) + "&ledger=" + encode(j.Ledger) +
		"&join=" + code.Encode(joinKind, j.Secret[:])
}

func encode(b [32]byte) string { return base64.RawURLEncoding.EncodeToString(b[:]) }

// ParseJoin reads what String wrote.
func ParseJoin(text string) (Join, error) {
	if len(text) > maxInvitation {
		return Join{}, ErrJoin
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "byleave" || u.User != nil {
		return Join{}, ErrJoin
	}
	if !Dialled(u.Host) {
		return Join{}, ErrJoin
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(q) != 4 {
		return Join{}, ErrJoin
	}
	j := Join{Collector: u.Host}
	for name, to := range map[string]*[32]byte{"ca": &j.CA, "policy": &j.Policy, "ledger": &j.Ledger} {
		fp, err := base64.RawURLEncoding.Strict().DecodeString(q.Get(name))
		if err != nil || len(fp) != 32 {
			return Join{}, ErrJoin
		}
		*to = [32]byte(fp)
	}
	secret, err := code.Decode(joinKind, q.Get("join"))
	if err != nil {
		return Join{}, ErrJoin
	}
	j.Secret = [32]byte(secret)
	return j, nil
}
