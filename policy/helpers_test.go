package policy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	_ "time/tzdata" // hours are tested in zones that a bare machine may not know

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

var policyKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32))
var deviceKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

var custodianKeys = sync.OnceValue(func() [][]byte {
	var out [][]byte
	for range 3 {
		k, err := hpke.MLKEM768X25519().GenerateKey()
		if err != nil {
			panic(err)
		}
		out = append(out, k.PublicKey().Bytes())
	}
	return out
})

// monday is inside the sample's hours: Monday 7 September 2026, 10:00 in Vienna.
var monday = time.Date(2026, 9, 7, 10, 0, 0, 0, vienna)

var vienna = func() *time.Location {
	l, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		panic(err)
	}
	return l
}()

// sample is a valid policy with two of everything.
func sample() *pb.Policy {
	return &pb.Policy{
		Version:       3,
		IssuedAt:      monday.AddDate(0, -1, 0).Unix(),
		ExpiresAt:     monday.AddDate(0, 6, 0).Unix(),
		Controller:    &pb.Party{Name: "Example Labs", Address: "Street 1, Vienna", Contact: "privacy@example.org"},
		Purpose:       &pb.Purpose{Id: "training", Text: "Train a model."},
		LegalBasis:    "consent, GDPR art. 6(1)(a)",
		RetentionDays: 90,
		AfterExport:   &pb.AfterExport{LabelledBy: "Model House", HumanReview: "two people", Publication: "never"},
		Compensation:  "40 EUR a month",
		Refusal:       "nothing",
		Authority:     "dsb.gv.at",
		Custodians: []*pb.Recipient{
			{Name: "Works council", PublicKey: custodianKeys()[0]},
			{Name: "Data lead", PublicKey: custodianKeys()[1]},
		},
		Applications: []*pb.Application{
			{Id: "editor", Name: "Editor", WmClass: "Mousepad", Executables: []string{"/usr/bin/mousepad", "/opt/mousepad"}},
			{Id: "files", Name: "Files", WmClass: "Thunar", Executables: []string{"/usr/bin/thunar"}, TitlePatterns: []string{"Work", "Home .*"}},
		},
		Classes: []pb.DataClass{1, 2, 3, 4, 5, 6, 7},
		Hours: []*pb.Hours{
			{Weekdays: []uint32{1, 2, 3, 4, 5}, StartSecond: 9 * 3600, EndSecond: 12 * 3600},
			{Weekdays: []uint32{1, 3}, StartSecond: 13 * 3600, EndSecond: 17 * 3600},
		},
		Budgets:      &pb.Budgets{BytesPerDay: 10 << 20},
		Redaction:    &pb.Redaction{Patterns: []string{"P-[0-9]+", "Q-[0-9]+"}, Terms: []string{"Nightingale", "Falcon"}},
		Exclusions:   []*pb.Exclusion{{Name: "Bank", TitlePattern: "bank"}, {Name: "Chat", WmClass: "Slack"}},
		Language:     "en",
		Jurisdiction: "Austria",
	}
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// parsed signs and parses m, which must be valid.
func parsed(t testing.TB, m *pb.Policy) Policy {
	t.Helper()
	s, err := Sign(encode(t, m), policyKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(s, public(policyKey))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// everything is the choice of a person who grants all that p asks for.
func everything(p Policy) Choice {
	c := Choice{
		Grants: map[string]Classes{}, Hours: p.message.GetHours(), Expires: p.Expires(), Gesture: "test: yes",
		Subject: [16]byte{1}, Device: [16]byte{2}, Now: time.Unix(p.message.GetIssuedAt(), 0), Rand: rand.Reader,
	}
	for _, a := range p.message.GetApplications() {
		c.Grants[a.GetId()] = p.Offered()
	}
	return c
}

func given(t testing.TB, p Policy, c Choice) Consent {
	t.Helper()
	m, err := NewConsent(p, c)
	if err != nil {
		t.Fatal(err)
	}
	return givenMessage(t, p, m)
}

func givenMessage(t testing.TB, p Policy, m *pb.Consent) Consent {
	t.Helper()
	s, err := SignConsent(m, deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	out, err := ParseConsent(s, public(deviceKey), p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func rules(t testing.TB, pinned, newest Policy, c Consent) *Rules {
	t.Helper()
	r, err := NewRules(pinned, newest, c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sentence checks that err is one whole sentence for people that begins with its room and holds all words.
func sentence(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 400 {
		t.Errorf("error is not one plain line: %q", err)
	}
}
