package policy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

func TestConsentRoundTrip(t *testing.T) {
	p := parsed(t, sample())
	c := given(t, p, everything(p))
	m := c.Message()
	if c.IsZero() || c.ID() == ([16]byte{}) || c.PolicyDigest() != p.Digest() || c.PurposeID() != "training" || !c.Expires().Equal(p.Expires()) {
		t.Errorf("lost something: %v", m)
	}
	if want, _ := Notice(p); m.Notice != want || m.Gesture != "test: yes" || m.Language != "en" {
		t.Error("the notice is not the one that was shown")
	}
	if other := given(t, p, everything(p)); other.ID() == c.ID() || slices.Equal(other.Message().Salt, m.Salt) {
		t.Error("two consents share an id or a salt")
	}
	m.Grants[0].Application = "x"
	clear(c.Signed())
	if c.message.Grants[0].Application != "editor" || c.signed[0] == 0 {
		t.Error("a consent was changed from outside")
	}
}

// Text is granted for the applications for which it was chosen and for no other.
func TestTextIsChosenPerApplication(t *testing.T) {
	p := parsed(t, sample())
	c := everything(p)
	c.Grants["files"] = c.Grants["files"].Without(Text)
	r := rules(t, p, p, given(t, p, c))
	if !r.granted["editor"].Has(Text) || r.granted["files"].Has(Text) {
		t.Error("text leaked to another application")
	}
}

func TestNewConsentRefuses(t *testing.T) {
	narrow := sample()
	narrow.Classes = []pb.DataClass{1, 4}
	p := parsed(t, narrow)
	tests := []struct {
		name  string
		spoil func(*Choice)
		words string
	}{
		{"no grants", func(c *Choice) { c.Grants = nil }, "grants is empty"},
		{"another application", func(c *Choice) { c.Grants["mail"] = Classes(0).With(Pointer) }, "does not ask for"},
		{"a class not offered", func(c *Choice) { c.Grants["editor"] = Classes(0).With(Text) }, "asks only for pointer, frames"},
		{"no class", func(c *Choice) { c.Grants["editor"] = 0 }, "grant 1: classes is empty"},
		{"no hours", func(c *Choice) { c.Hours = nil }, "hours is empty"},
		{"wider hours", func(c *Choice) { c.Hours = []*pb.Hours{{Weekdays: []uint32{0}, StartSecond: 0, EndSecond: 1}} }, "hours are wider"},
		{"malformed hours", func(c *Choice) { c.Hours = []*pb.Hours{{Weekdays: []uint32{9}, EndSecond: 1}} }, "hour 1: weekdays"},
		{"longer than the policy", func(c *Choice) { c.Expires = p.Expires().Add(time.Second) }, "expires_at is after the policy's own end"},
		{"already over", func(c *Choice) { c.Expires = c.Now }, "expires_at is not after"},
		{"no clock", func(c *Choice) { c.Now = time.Time{} }, "given_at"},
		{"no gesture", func(c *Choice) { c.Gesture = "" }, "gesture is empty"},
		{"no subject", func(c *Choice) { c.Subject = [16]byte{} }, "subject"},
		{"no device", func(c *Choice) { c.Device = [16]byte{} }, "device"},
		{"no randomness", func(c *Choice) { c.Rand = nil }, "random"},
		{"zero randomness", func(c *Choice) { c.Rand = zeros{} }, "id is not 16 random bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := everything(p)
			tt.spoil(&c)
			_, err := NewConsent(p, c)
			sentence(t, err, "consent: ", tt.words)
		})
	}
	if _, err := NewConsent(Policy{}, everything(p)); err == nil {
		t.Error("a consent to no policy was made")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestParseConsentRefuses(t *testing.T) {
	p := parsed(t, sample())
	good, err := NewConsent(p, everything(p))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		spoil func(*pb.Consent)
		is    error
		words string
	}{
		{"another policy", func(m *pb.Consent) { m.PolicySha256[0] ^= 1 }, ErrPin, "another policy"},
		{"exclusions that are not here", func(m *pb.Consent) { m.ExclusionsSha256[0] ^= 1 }, ErrExclusions, "does not wholly have"},
		{"another purpose", func(m *pb.Consent) { m.PurposeId = "evaluation" }, nil, "purpose_id"},
		{"another language", func(m *pb.Consent) { m.Language = "de" }, nil, "language"},
		{"no id", func(m *pb.Consent) { m.Id = nil }, nil, "id is not"},
		{"no salt", func(m *pb.Consent) { m.Salt = nil }, nil, "salt"},
		{"no notice", func(m *pb.Consent) { m.Notice = "" }, nil, "notice"},
		{"longer", func(m *pb.Consent) { m.ExpiresAt++ }, nil, "expires_at"},
		{"backwards", func(m *pb.Consent) { m.ExpiresAt = m.GivenAt }, nil, "expires_at"},
		{"wider hours", func(m *pb.Consent) { m.Hours[0].EndSecond += 60 }, nil, "hours are wider"},
		{"another application", func(m *pb.Consent) { m.Grants[0].Application = "mail" }, nil, "grant 1: application"},
		{"an application twice", func(m *pb.Consent) { m.Grants = append(m.Grants, m.Grants[0]) }, nil, "grant 3: application stands twice"},
		{"an unknown class", func(m *pb.Consent) { m.Grants[1].Classes = []pb.DataClass{8} }, nil, "grant 2: class 1"},
		{"unknown field", func(m *pb.Consent) { m.ProtoReflect().SetUnknown(unknown) }, ErrUnknownField, "unknown field 42 in the consent"},
		{"unknown field in a grant", func(m *pb.Consent) { m.Grants[1].ProtoReflect().SetUnknown(unknown) }, ErrUnknownField, "unknown field 42 in grant 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := proto.CloneOf(good)
			tt.spoil(m)
			signed, err := consentKind.sign(encode(t, m), deviceKey)
			if err != nil {
				t.Fatal(err)
			}
			c, err := ParseConsent(signed, public(deviceKey), p)
			if tt.is != nil && !errors.Is(err, tt.is) || !c.IsZero() {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			sentence(t, err, "consent: ", tt.words)
		})
	}
	signed, err := SignConsent(good, policyKey)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConsent(signed, public(deviceKey), p); !errors.Is(err, ErrSignature) {
		t.Errorf("a consent signed with the policy key: %v", err)
	}
}

func TestRulesNeedMatchingParts(t *testing.T) {
	p := parsed(t, sample())
	c := given(t, p, everything(p))
	with := func(change func(*pb.Policy)) Policy {
		m := sample()
		change(m)
		return parsed(t, m)
	}
	wider := with(func(m *pb.Policy) { m.Version, m.RetentionDays = 4, 91 })
	older := with(func(m *pb.Policy) { m.Version, m.RetentionDays = 2, 1 })
	for _, tt := range []struct {
		pinned, newest Policy
		c              Consent
		is             error
	}{{wider, wider, c, ErrPin}, {p, wider, c, ErrWider}, {p, older, c, ErrOlder}} {
		if r, err := NewRules(tt.pinned, tt.newest, tt.c); !errors.Is(err, tt.is) || r != nil {
			t.Errorf("got %v, want %v", err, tt.is)
		}
	}
	if _, err := NewRules(p, p, Consent{}); err == nil {
		t.Error("rules without consent")
	}
}

// A newer, narrower policy takes effect beside the pinned one, in every part.
func TestRulesAreTheMeet(t *testing.T) {
	p := parsed(t, sample())
	m := sample()
	m.Version, m.Applications, m.Classes = 4, m.Applications[1:], []pb.DataClass{1}
	m.ExpiresAt, m.Exclusions = monday.Unix()+60, append(m.Exclusions, &pb.Exclusion{Name: "x", TitlePattern: "x$"})
	m.Hours = []*pb.Hours{{Weekdays: []uint32{1}, StartSecond: 36000, EndSecond: 36030}}
	r := rules(t, p, parsed(t, m), given(t, p, everything(p)))
	if _, why := r.Match(Window{Class: "Mousepad", Executable: "/usr/bin/mousepad"}); why != NotAgreed {
		t.Errorf("an application that is gone: %v", why)
	}
	if _, why := r.Match(Window{Class: "Thunar", Executable: "/usr/bin/thunar", Title: "Home x"}); why != Excluded {
		t.Errorf("a new exclusion: %v", why)
	}
	s := open(t)
	s.Rules, s.App = r, "files"
	if permit := Decide(s); !permit.Allows(Pointer) || permit.Allows(Frames) {
		t.Error("the classes are not the meet")
	}
	s.Now.Wall = monday.Add(30 * time.Second)
	if why := Decide(s).Why(); why != OutOfHours {
		t.Errorf("the hours are not the meet: %v", why)
	}
	s.Now.Wall = monday.Add(time.Minute)
	if why := Decide(s).Why(); why != Expired {
		t.Errorf("the expiry is not the meet: %v", why)
	}
}

func TestStub(t *testing.T) {
	p := parsed(t, sample())
	c := given(t, p, everything(p))
	for _, withdrawn := range []bool{false, true} {
		signed, err := SignStub(c, withdrawn, deviceKey)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ParseStub(signed, public(deviceKey))
		if err != nil {
			t.Fatal(err)
		}
		want := sha256.Sum256(append(slices.Clone(c.message.Salt), c.body...))
		if m.Withdrawn != withdrawn || !slices.Equal(m.Commitment, want[:]) || !slices.Equal(m.Id, c.message.Id) || m.ExpiresAt != c.message.ExpiresAt {
			t.Errorf("the stub says %v", m)
		}
		if _, err := ParseStub(signed, public(policyKey)); !errors.Is(err, ErrSignature) {
			t.Errorf("another device's key: %v", err)
		}
	}
	if _, err := SignStub(Consent{}, false, deviceKey); err == nil {
		t.Error("a stub of nothing was signed")
	}
	good := &pb.ConsentStub{Id: make([]byte, 16), PolicySha256: make([]byte, 32), PurposeId: "p", ExpiresAt: 1, Commitment: make([]byte, 32)}
	for field, spoil := range map[string]func(*pb.ConsentStub){
		"id": func(m *pb.ConsentStub) { m.Id = m.Id[1:] }, "policy_sha256": func(m *pb.ConsentStub) { m.PolicySha256 = nil },
		"purpose_id": func(m *pb.ConsentStub) { m.PurposeId = "../x" }, "expires_at": func(m *pb.ConsentStub) { m.ExpiresAt = -1 },
		"commitment": func(m *pb.ConsentStub) { m.Commitment = append(m.Commitment, 0) },
		"word":       func(m *pb.ConsentStub) { m.Word, m.Withdrawn = make([]byte, 31), true },
	} {
		m := proto.CloneOf(good)
		spoil(m)
		signed, err := stubKind.sign(encode(t, m), deviceKey)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseStub(signed, ed25519.PublicKey(public(deviceKey)))
		sentence(t, err, "stub: "+field+" is")
	}
}

// A stub is enough to end its consent, and only with the key that signed it.
func TestWithdrawalFromTheStub(t *testing.T) {
	p := parsed(t, sample())
	c := given(t, p, everything(p))
	stub, err := SignStub(c, false, deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	got, err := SignWithdrawal(stub, nil, deviceKey)
	if err != nil {
		t.Fatal(err)
	}
	want, err := SignStub(c, true, deviceKey)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("the withdrawal differs from that of the consent itself, %v", err)
	}
	word := make([]byte, 32)
	spoken, err := SignWithdrawal(stub, word, deviceKey)
	if m, perr := ParseStub(spoken, public(deviceKey)); err != nil || perr != nil || !slices.Equal(m.Word, word) {
		t.Errorf("the word is lost: %v, %v", err, perr)
	}
	if _, err := SignWithdrawal(stub, nil, policyKey); !errors.Is(err, ErrSignature) {
		t.Errorf("signed for another device: %v", err)
	}
	if _, err := SignWithdrawal(stub, nil, nil); err == nil {
		t.Error("signed without a key")
	}
}
