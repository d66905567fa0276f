package redact

import (
	"crypto/ed25519"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protojson"
)

// start is a fixed moment, so that every run is the same.
var start = policy.Moment{Boot: time.Hour, Wall: time.Date(2026, 3, 4, 10, 0, 0, 30e6, time.UTC)}

// permits holds permits by their classes, made once.
var permits = map[policy.Classes]policy.Permit{}

func newRedactor(t testing.TB) *Redactor {
	t.Helper()
	r, err := New(Options{Session: [16]byte{1}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func all() policy.Classes {
	return policy.Classes(0).With(policy.Pointer).With(policy.Hotkeys).With(policy.Text).With(policy.Frames).With(policy.Elements)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keys types text; '\b' is a backspace.
func keys(text string) []raw.Key {
	var out []raw.Key
	for i, c := range []rune(text) {
		k := raw.Key{At: start.Boot + time.Duration(i)*100*time.Millisecond, Rune: c}
		switch c {
		case '\b':
			k = raw.Key{At: k.At, Edit: raw.Backspace}
		case '\n':
			k = raw.Key{At: k.At, Edit: raw.Newline}
		}
		out = append(out, k)
	}
	return out
}

func textStep(t testing.TB, focus uint64, ks []raw.Key) raw.Step {
	return raw.Step{Kind: raw.Text, From: start, Until: start.Add(time.Duration(len(ks)) * 100 * time.Millisecond), Permit: permit(t, all()),
		Focus: focus, Keys: ks, Window: raw.Window{App: "editor", Title: "notes", Rect: raw.Rect{W: 100, H: 100}}, NoBefore: "no picture", NoAfter: "no picture"}
}

func typeText(t testing.TB, r *Redactor, text string) []Event {
	return r.Apply(raw.Wrap(textStep(t, 7, keys(text))))
}

func click(t testing.TB) raw.Event {
	return raw.Wrap(raw.Step{Kind: raw.Click, From: start, Until: start, Permit: permit(t, all()), Focus: 7, Button: "left", Count: 1,
		Window: raw.Window{App: "editor", Rect: raw.Rect{W: 100, H: 100}}, X: 10, Y: 20})
}

// nets joins what a person could read of the events, one line each.
func nets(evs []Event) string {
	var b strings.Builder
	for _, e := range evs {
		if a := e.Action(); a.GetText() != nil {
			b.WriteString(a.GetText().GetNet() + "\n")
		}
	}
	return b.String()
}

// permit makes an open permit the only way there is: with a signed policy, a consent and a situation.
func permit(t testing.TB, c policy.Classes) policy.Permit {
	t.Helper()
	if p, ok := permits[c]; ok {
		return p
	}
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := testPolicy(t, pub, key)
	app := p.Message().GetApplications()[0].GetId()
	now := time.Unix(p.Message().GetIssuedAt(), 0).Add(time.Hour)
	consent, err := policy.NewConsent(p, policy.Choice{Grants: map[string]policy.Classes{app: c}, Hours: p.Message().GetHours(), Expires: now.Add(time.Hour),
		Gesture: "test", Subject: [16]byte{1}, Device: [16]byte{2}, Now: now, Rand: counting{}})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := policy.SignConsent(consent, key)
	if err != nil {
		t.Fatal(err)
	}
	given, err := policy.ParseConsent(signed, pub, p)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.NewRules(p, p, given)
	if err != nil {
		t.Fatal(err)
	}
	permit := policy.Decide(policy.Situation{Rules: rules, Now: policy.Moment{Boot: time.Hour, Wall: now}, App: app, Known: true, Indicator: true, Durable: true})
	if !permit.Open() {
		t.Fatalf("the test's permit is closed: %v", permit.Why())
	}
	permits[c] = permit
	return permit
}

type counting struct{}

func (counting) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i + 1)
	}
	return len(p), nil
}

func testPolicy(t testing.TB, pub ed25519.PublicKey, key ed25519.PrivateKey) policy.Policy {
	t.Helper()
	text, err := os.ReadFile("../../../../policy/template.json")
	if err != nil {
		t.Fatal(err)
	}
	var m pb.Policy
	if err := protojson.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	for i, c := range m.Custodians {
		c.PublicKey = make([]byte, 1216)
		c.PublicKey[0] = byte(i)
	}
	m.Classes = []pb.DataClass{1, 2, 3, 4, 5, 6, 7}
	m.Hours = []*pb.Hours{{Weekdays: []uint32{0, 1, 2, 3, 4, 5, 6}, EndSecond: 86400}}
	body, err := protojson.Marshal(&m)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := policy.Sign(must(policy.FromJSON(body)), key)
	if err != nil {
		t.Fatal(err)
	}
	p, err := policy.Parse(signed, pub)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
