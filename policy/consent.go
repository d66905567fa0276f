package policy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// Choice is what a person chose of one policy, and what identifies it. Every field must be set.
type Choice struct {
	Grants          map[string]Classes // by application id; Text is in a set only if chosen for that application
	Hours           []*pb.Hours
	Expires         time.Time
	Gesture         string // how it was given: "terminal: typed yes"
	Subject, Device [16]byte
	Now             time.Time
	Rand            io.Reader // for the id and the salt
}

// NewConsent writes down a choice together with the notice of p. It refuses whatever is wider than p; sign the result with
// SignConsent.
func NewConsent(p Policy, c Choice) (*pb.Consent, error) {
	notice, err := Notice(p)
	if err != nil {
		return nil, err
	}
	random := make([]byte, 48)
	if c.Rand == nil {
		return nil, wrong("the source of random numbers", "is missing; this is a fault of the program")
	}
	if _, err := io.ReadFull(c.Rand, random); err != nil {
		return nil, fmt.Errorf("consent: reading random numbers: %w", err)
	}
	digest, exclusions := p.Digest(), ExclusionsDigest()
	m := &pb.Consent{
		Id:               random[:16],
		Salt:             random[16:],
		PolicySha256:     digest[:],
		PurposeId:        p.PurposeID(),
		Subject:          c.Subject[:],
		Device:           c.Device[:],
		GivenAt:          c.Now.Unix(),
		ExpiresAt:        c.Expires.Unix(),
		ExclusionsSha256: exclusions[:],
		Notice:           notice,
		Language:         p.message.GetLanguage(),
		Gesture:          c.Gesture,
	}
	for _, h := range c.Hours {
		m.Hours = append(m.Hours, proto.CloneOf(h))
	}
	m.Grants = grants(p, c.Grants)
	if len(m.Grants) != len(c.Grants) {
		return nil, wrong("the choice", "names an application that the policy does not ask for; run `byleave consent show` for the list")
	}
	return m, checkConsent(m, p)
}

// grants lists a choice in the order of the policy.
func grants(p Policy, chosen map[string]Classes) []*pb.Grant {
	var out []*pb.Grant
	for _, a := range p.message.GetApplications() {
		if s, ok := chosen[a.GetId()]; ok {
			out = append(out, &pb.Grant{Application: a.GetId(), Classes: s.list()})
		}
	}
	return out
}

// SignConsent signs a consent with the device's key; the result is what ParseConsent takes.
func SignConsent(c *pb.Consent, key ed25519.PrivateKey) ([]byte, error) {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("consent: encoding: %w", err)
	}
	if err := consentKind.decode(body, new(pb.Consent)); err != nil {
		return nil, err
	}
	return consentKind.sign(body, key)
}

// Consent is what the person granted of one exact policy, with a signature that was verified. Only ParseConsent makes one
// with content. It never changes. The zero Consent grants nothing.
type Consent struct {
	message *pb.Consent
	body    []byte
	signed  []byte
}

// ParseConsent verifies and reads a consent for exactly p: it refuses a wrong signature (ErrSignature), an unknown field
// (ErrUnknownField), another policy (ErrPin), a list of built-in exclusions that this program does not wholly have
// (ErrExclusions), and whatever is wider than p or makes no sense (ErrInvalid). It does not look at the time: Decide does.
func ParseConsent(signed []byte, device ed25519.PublicKey, p Policy) (Consent, error) {
	body, err := consentKind.open(signed, device)
	if err != nil {
		return Consent{}, err
	}
	m := new(pb.Consent)
	if err := consentKind.decode(body, m); err != nil {
		return Consent{}, err
	}
	if err := checkConsent(m, p); err != nil {
		return Consent{}, err
	}
	return Consent{message: m, body: body, signed: slices.Clone(signed)}, nil
}

// IsZero tells whether c grants nothing.
func (c Consent) IsZero() bool { return c.message == nil }

// ID is the random name of the consent; zero for the zero Consent.
func (c Consent) ID() (id [16]byte) { copy(id[:], c.message.GetId()); return id }

// PolicyDigest is the SHA-256 of the policy that it was given for.
func (c Consent) PolicyDigest() (d [32]byte) { copy(d[:], c.message.GetPolicySha256()); return d }

// Expires is when it ends by itself: nothing is captured from that second on.
func (c Consent) Expires() time.Time { return time.Unix(c.message.GetExpiresAt(), 0) }

// PurposeID is the word that is bound into every box.
func (c Consent) PurposeID() string { return c.message.GetPurposeId() }

// Signed is a copy of the exact bytes that ParseConsent took.
func (c Consent) Signed() []byte { return slices.Clone(c.signed) }

// Message is a copy of what it says, nil for the zero Consent.
func (c Consent) Message() *pb.Consent {
	if c.message == nil {
		return nil
	}
	return proto.CloneOf(c.message)
}

func wrong(field, format string, args ...any) error {
	return ErrInvalid{"consent", field, fmt.Sprintf(format, args...)}
}

func checkConsent(m *pb.Consent, p Policy) error {
	if p.IsZero() {
		return wrong("the policy", "is missing; fetch it from the operator")
	}
	digest := p.Digest()
	switch {
	case !bytes.Equal(m.GetPolicySha256(), digest[:]):
		return refuse(ErrPin, "consent: it was given for another policy than version %d; give it again", p.Version())
	case !hasExclusions(m.GetExclusionsSha256()):
		return refuse(ErrExclusions, "consent: it was given under a list of built-in exclusions that this program does not wholly have; "+
			"install the program with which it was given, or newer, or give it again")
	case m.GetPurposeId() != p.PurposeID():
		return wrong("purpose_id", "is not that of the policy; give consent again")
	case m.GetLanguage() != p.message.GetLanguage():
		return wrong("language", "is not that of the policy; give consent again")
	}
	for _, check := range []func(*pb.Consent, Policy) error{checkIdentity, checkSpan, checkGrants} {
		if err := check(m, p); err != nil {
			return err
		}
	}
	return nil
}

func checkIdentity(m *pb.Consent, _ Policy) error {
	for _, f := range []struct {
		name string
		b    []byte
		size int
	}{{"id", m.GetId(), 16}, {"subject", m.GetSubject(), 16}, {"device", m.GetDevice(), 16}, {"salt", m.GetSalt(), 32}} {
		if len(f.b) != f.size || bytes.Equal(f.b, make([]byte, f.size)) {
			return wrong(f.name, "is not %d random bytes; give consent again", f.size)
		}
	}
	if m.GetNotice() == "" {
		return wrong("notice", "is empty; the person must have been told: give consent again")
	}
	return checkText("consent", "gesture", m.GetGesture())
}

func checkSpan(m *pb.Consent, p Policy) error {
	switch {
	case m.GetGivenAt() <= 0 || m.GetGivenAt() > maxUnix:
		return wrong("given_at", "is no Unix second; set the clock and give consent again")
	case m.GetExpiresAt() <= m.GetGivenAt():
		return wrong("expires_at", "is not after given_at; choose a later end")
	case m.GetExpiresAt() > p.message.GetExpiresAt():
		return wrong("expires_at", "is after the policy's own end, %s; choose an earlier one", p.Expires().UTC().Format(time.RFC3339))
	}
	if err := checkHours("consent", m.GetHours()); err != nil {
		return err
	}
	if newWeek(m.GetHours()).empty() {
		return wrong("hours", "is empty; choose at least one span")
	}
	if !newWeek(m.GetHours()).within(newWeek(p.message.GetHours())) {
		return wrong("hours", "are wider than the policy's; choose a part of them")
	}
	return nil
}

func checkGrants(m *pb.Consent, p Policy) error {
	if len(m.GetGrants()) == 0 {
		return wrong("grants", "is empty; choose at least one application")
	}
	seen := map[string]bool{}
	for i, g := range m.GetGrants() {
		where := fmt.Sprintf("grant %d: ", i+1)
		known := slices.ContainsFunc(p.message.GetApplications(), func(a *pb.Application) bool { return a.GetId() == g.GetApplication() })
		switch {
		case !known:
			return wrong(where+"application", "is not one that the policy asks for; choose one of its list")
		case seen[g.GetApplication()]:
			return wrong(where+"application", "stands twice; take one out")
		case len(g.GetClasses()) == 0:
			return wrong(where+"classes", "is empty; choose at least one kind of data or leave the application out")
		}
		seen[g.GetApplication()] = true
		if err := checkClasses("consent", where, g.GetClasses()); err != nil {
			return err
		}
		if !classesOf(g.GetClasses()).Within(p.Offered()) {
			return wrong(where+"classes", "are wider than the policy's; it asks only for %s", p.Offered())
		}
	}
	return nil
}

// commitment binds a stub to the consent without telling anything of it: SHA-256 of salt and consent.
func (c Consent) commitment() [32]byte {
	sum := sha256.New()
	sum.Write(c.message.GetSalt())
	sum.Write(c.body)
	return [32]byte(sum.Sum(nil))
}
