package ca

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/byleave/byleave/collector/internal/store"
)

// MaxLot bounds one lot of invitations.
const MaxLot = 10000

// Fingerprints are what an invitation pins, each a SHA-256.
type Fingerprints struct{ CA, Policy, Ledger [32]byte }

// Invitations draws a lot of count tokens and returns what to store and the strings to hand out. The strings exist nowhere else.
func Invitations(addr string, fp Fingerprints, role store.Role, count int, expires time.Time) ([]store.Invitation, []string, error) {
	if count < 1 || count > MaxLot {
		return nil, nil, fmt.Errorf("ca: a lot has 1 to %d invitations", MaxLot)
	}
	if host, port, err := net.SplitHostPort(addr); err != nil || host == "" || port == "" || strings.ContainsAny(addr, " \t\n/?#@") {
		return nil, nil, errors.New("ca: the collector's address must be HOST:PORT, as devices dial it")
	}
	if role != store.DeviceRole && role != store.CustodianRole {
		return nil, nil, errors.New("ca: an invitation is for a device or a custodian")
	}
	lot, texts := make([]store.Invitation, count), make([]string, count)
	for i := range lot {
		var raw [32]byte
		rand.Read(raw[:]) // never fails: it ends the program rather than giving weak bytes
		token := encode(raw)
		lot[i] = store.Invitation{Token: HashToken(token), Role: role, Expires: expires}
		texts[i] = (&url.URL{Scheme: "byleave", Host: addr, Path: "/",
			RawQuery: "ca=" + encode(fp.CA) + "&policy=" + encode(fp.Policy) + "&ledger=" + encode(fp.Ledger) + "&token=" + token}).String()
	}
	return lot, texts, nil
}

// HashToken is all that is stored of a token.
func HashToken(token string) [32]byte { return sha256.Sum256([]byte("byleave token v1\x00" + token)) }

func encode(b [32]byte) string { return base64.RawURLEncoding.EncodeToString(b[:]) }

// Enroller trades invitations for certificates.
type Enroller struct {
	Authority *Authority
	Store     invitations
	NewKey    func(subject store.ID) (store.VaultKey, error) // makes a person's key pair in the vault
	Now       func() time.Time
}

// invitations is what enrolment needs of the store.
type invitations interface {
	Invited(ctx context.Context, token [32]byte, now time.Time) (store.Role, error)
	EnrolDevice(ctx context.Context, token [32]byte, now time.Time, d store.Device, v store.VaultKey) error
	EnrolCustodian(ctx context.Context, token [32]byte, now time.Time, c store.Custodian) error
	Offered(ctx context.Context, token [32]byte, now time.Time) (store.ID, error)
	Join(ctx context.Context, token [32]byte, now time.Time, d store.Device) (sealed []byte, err error)
	VaultKey(ctx context.Context, subject store.ID) (store.VaultKey, error)
}

// Application is what somebody with a token asks for.
type Application struct {
	Token      string
	CSR        []byte
	SigningKey []byte // device
	Name       string // custodian
	Recipient  []byte // custodian: HPKE public key
}

// Enrolled is what they get.
type Enrolled struct {
	Certificate []byte
	Who         Identity
	Subject     store.ID // device
	VaultKey    []byte   // device: public
}

// What enrolment refuses. Whether a token was used, has expired or never existed is not told apart.
var (
	ErrToken       = errors.New("ca: the invitation is unknown, used or expired: ask for a new one")
	ErrApplication = errors.New("ca: the enrolment request lacks what its role needs")
	ErrName        = errors.New("ca: another custodian has this name: choose another, or have the operator revoke the other first")
)

// Enrol uses up the token and issues a certificate. Until the last step nothing is stored, and that step is atomic.
func (e *Enroller) Enrol(ctx context.Context, a Application) (Enrolled, error) {
	hash, now := HashToken(a.Token), e.Now()
	role, err := e.Store.Invited(ctx, hash, now)
	if errors.Is(err, store.ErrNotFound) {
		return Enrolled{}, ErrToken
	}
	if err != nil {
		return Enrolled{}, err
	}
	key, err := CheckRequest(a.CSR)
	if err != nil {
		return Enrolled{}, err
	}
	out := Enrolled{Who: Identity{Role: role, ID: newID()}}
	if out.Certificate, err = e.Authority.Issue(key, out.Who); err != nil {
		return Enrolled{}, err
	}
	if role == store.CustodianRole {
		err = e.custodian(ctx, hash, now, a, out)
	} else {
		err = e.device(ctx, hash, now, a, &out)
	}
	if errors.Is(err, store.ErrNotFound) {
		err = ErrToken
	}
	if err != nil {
		return Enrolled{}, err
	}
	return out, nil
}

// Join is Enrol for another device of a person whose first device offered it. It returns what that one left for it.
func (e *Enroller) Join(ctx context.Context, a Application) (out Enrolled, sealed []byte, err error) {
	hash, now := HashToken(a.Token), e.Now()
	subject, err := e.Store.Offered(ctx, hash, now)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil, ErrToken
	}
	if err != nil {
		return out, nil, err
	}
	key, err := CheckRequest(a.CSR)
	if err != nil {
		return out, nil, err
	}
	if len(a.SigningKey) != 32 || a.Name != "" || len(a.Recipient) != 0 {
		return out, nil, ErrApplication
	}
	vk, err := e.Store.VaultKey(ctx, subject)
	if err != nil {
		return out, nil, err
	}
	out = Enrolled{Who: Identity{Role: store.DeviceRole, ID: newID()}, Subject: subject, VaultKey: vk.Public}
	if out.Certificate, err = e.Authority.Issue(key, out.Who); err != nil {
		return Enrolled{}, nil, err
	}
	sealed, err = e.Store.Join(ctx, hash, now, store.Device{ID: out.Who.ID, Subject: subject, SigningKey: a.SigningKey})
	if errors.Is(err, store.ErrNotFound) {
		err = ErrToken
	}
	if err != nil {
		return Enrolled{}, nil, err
	}
	return out, sealed, nil
}

func (e *Enroller) device(ctx context.Context, hash [32]byte, now time.Time, a Application, out *Enrolled) error {
	if len(a.SigningKey) != 32 || a.Name != "" || len(a.Recipient) != 0 {
		return ErrApplication
	}
	out.Subject = newID()
	vk, err := e.NewKey(out.Subject)
	if err != nil {
		return err
	}
	out.VaultKey = vk.Public
	return e.Store.EnrolDevice(ctx, hash, now, store.Device{ID: out.Who.ID, Subject: out.Subject, SigningKey: a.SigningKey}, vk)
}

func (e *Enroller) custodian(ctx context.Context, hash [32]byte, now time.Time, a Application, out Enrolled) error {
	if len(a.Recipient) != recipientSize || !isName(a.Name) {
		return ErrApplication
	}
	err := e.Store.EnrolCustodian(ctx, hash, now, store.Custodian{ID: out.Who.ID, Name: a.Name, Recipient: a.Recipient})
	if errors.Is(err, store.ErrExists) {
		return ErrName
	}
	return err
}

// isName tells whether a custodian may be called so: what people read of it in the ledger is what it is, to the last space.
func isName(s string) bool {
	return len(s) > 0 && len(s) <= 200 && strings.Join(strings.Fields(s), " ") == s && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 &&
		utf8.ValidString(s)
}

// recipientSize is the length of a public key of MLKEM768X25519.
const recipientSize = 1216

func newID() store.ID {
	var id store.ID
	rand.Read(id[:]) // never fails: it ends the program rather than giving weak bytes
	return id
}
