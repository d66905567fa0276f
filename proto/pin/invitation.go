package pin

import (
	"encoding/base64"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// maxInvitation bounds what is parsed; a real one has about 250 characters.
const maxInvitation = 2048

// ErrInvitation means that a string is no invitation, or not a whole one.
var ErrInvitation = errors.New("this is not a whole invitation; copy all of it, from byleave:// to its end, in quotes")

// Invitation is what an operator hands out: where the collector is, what to trust, and a token that works once.
type Invitation struct {
	Collector string   // host:port
	CA        [32]byte // SHA-256 of the authority's certificate, DER
	Policy    [32]byte // SHA-256 of the Ed25519 public key that signs policies
	Ledger    [32]byte // SHA-256 of the Ed25519 public key that signs the ledger
	Token     string   // secret
}

// Parse reads byleave://HOST:PORT/?ca=FP&policy=FP&ledger=FP&token=TOKEN, where FP is base64url of a SHA-256. The error is
// ErrInvitation and quotes nothing, because the token is secret.
func Parse(text string) (Invitation, error) {
	if len(text) > maxInvitation {
		return Invitation{}, ErrInvitation
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "byleave" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return Invitation{}, ErrInvitation
	}
	if !Dialled(u.Host) {
		return Invitation{}, ErrInvitation
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(q) != 4 || len(q["token"]) != 1 || !isToken(q.Get("token")) {
		return Invitation{}, ErrInvitation
	}
	inv := Invitation{Collector: u.Host, Token: q.Get("token")}
	for name, to := range map[string]*[32]byte{"ca": &inv.CA, "policy": &inv.Policy, "ledger": &inv.Ledger} {
		fp, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(q.Get(name), "="))
		if err != nil || len(fp) != 32 || len(q[name]) != 1 {
			return Invitation{}, ErrInvitation
		}
		*to = [32]byte(fp)
	}
	return inv, nil
}

// Dialled tells whether a device can dial this, HOST:PORT. It is shown at terminals, so nothing stands in it that would write over other words or turn them.
func Dialled(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	return err == nil && host != "" && isPort(port) && strings.IndexFunc(host, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// isToken holds what a token may look like; the collector decides what it is worth.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '=' {
			return false
		}
	}
	return len(s) >= 16 && len(s) <= 256
}
