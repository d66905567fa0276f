package policy

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func TestParseGivesBackWhatWasSigned(t *testing.T) {
	m := sample()
	body := encode(t, m)
	signed, err := Sign(body, policyKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(signed, public(policyKey))
	if err != nil {
		t.Fatal(err)
	}
	if p.IsZero() || p.Version() != 3 || p.PurposeID() != "training" || p.Expires().Unix() != m.ExpiresAt {
		t.Errorf("Parse lost something: %v", p.Message())
	}
	if p.Digest() != sha256.Sum256(body) {
		t.Error("Digest is not the SHA-256 of the signed bytes")
	}
	if !proto.Equal(p.Message(), m) || !slices.Equal(p.Signed(), signed) {
		t.Error("Message or Signed differ from what was signed")
	}
}

// A caller that changes what it was given must not change the policy.
func TestPolicyNeverChanges(t *testing.T) {
	p := parsed(t, sample())
	p.Message().Version = 99
	p.Message().Applications[0].Executables[0] = "/bin/sh"
	clear(p.Signed())
	if p.Version() != 3 || p.message.Applications[0].Executables[0] != "/usr/bin/mousepad" || p.Signed()[0] == 0 {
		t.Error("a policy was changed from outside")
	}
}

// unknown is a field 42 that no message of ours has.
var unknown = protowire.AppendVarint(protowire.AppendTag(nil, 42, protowire.VarintType), 7)

// Every message inside a policy, at every depth, with an unknown field.
func TestUnknownFieldIsRefusedEverywhere(t *testing.T) {
	var places []string
	var walk func(m protoreflect.Message, where string, root *pb.Policy)
	walk = func(m protoreflect.Message, where string, root *pb.Policy) {
		m.SetUnknown(unknown)
		_, err := Parse(forged(t, encode(t, root)), public(policyKey))
		m.SetUnknown(nil)
		if !errors.Is(err, ErrUnknownField) {
			t.Errorf("%s: got %v", where, err)
			return
		}
		sentence(t, err, "policy: unknown field 42 in "+where+";", "update byleave")
		places = append(places, where)
		m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
			switch {
			case fd.Message() == nil:
			case fd.IsList():
				for i := range v.List().Len() {
					walk(v.List().Get(i).Message(), fmt.Sprintf("%s %d", strings.TrimSuffix(string(fd.Name()), "s"), i+1), root)
				}
			default:
				walk(v.Message(), string(fd.Name()), root)
			}
			return true
		})
	}
	root := sample()
	walk(root.ProtoReflect(), "the policy", root)
	for _, want := range []string{"controller", "purpose", "after_export", "custodian 2", "application 1", "hour 2", "budgets", "redaction", "exclusion 2"} {
		if !slices.Contains(places, want) {
			t.Errorf("%s was not tried", want)
		}
	}
}

// forged signs bytes that Sign would refuse.
func forged(t testing.TB, body []byte) []byte {
	t.Helper()
	s, err := policyKind.sign(body, policyKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParseRefuses(t *testing.T) {
	body := encode(t, sample())
	good := forged(t, body)
	other := ed25519.NewKeyFromSeed(make([]byte, 32))
	twice := append(slices.Clone(body), protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 9)...)
	padded := append([]byte{0x08, 0x83, 0x00}, body[2:]...) // version 3 in two bytes
	asConsent, err := consentKind.sign(body, policyKey)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		signed []byte
		key    ed25519.PublicKey
		is     error
		words  string
	}{
		{"another key", good, public(other), ErrSignature, "pinned at enrolment"},
		{"body changed", encode(t, &pb.Signed{Body: twice, Signature: signatureOf(t, good)}), public(policyKey), ErrSignature, "wrong signature"},
		{"signature cut", encode(t, &pb.Signed{Body: body, Signature: signatureOf(t, good)[:63]}), public(policyKey), ErrSignature, "wrong signature"},
		{"no signature", encode(t, &pb.Signed{Body: body}), public(policyKey), ErrSignature, "wrong signature"},
		{"signed as a consent", asConsent, public(policyKey), ErrSignature, "wrong signature"},
		{"bare signature without domain", encode(t, &pb.Signed{Body: body, Signature: ed25519.Sign(policyKey, body)}), public(policyKey), ErrSignature, "wrong signature"},
		{"field in the envelope", append(slices.Clone(good), unknown...), public(policyKey), ErrUnknownField, "unknown field 42"},
		{"nothing", nil, public(policyKey), ErrSize, "no bytes"},
		{"too much", make([]byte, MaxPolicy+2000), public(policyKey), ErrSize, "too many"},
		{"not protobuf", []byte("{\"version\": 1}"), public(policyKey), ErrEncoding, "damaged"},
		{"not protobuf inside", forged(t, []byte("\xff\xff\xff")), public(policyKey), ErrEncoding, "damaged"},
		{"invalid UTF-8", forged(t, []byte("\x32\x02\xff\xfe")), public(policyKey), ErrEncoding, "damaged"},
		{"empty body", forged(t, nil), public(policyKey), ErrSize, "no bytes"},
		{"a field twice", forged(t, twice), public(policyKey), ErrEncoding, "stands twice"},
		{"a padded number", forged(t, padded), public(policyKey), ErrEncoding, "unusual"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse(tt.signed, tt.key)
			if !errors.Is(err, tt.is) || !p.IsZero() {
				t.Fatalf("got %v, want %v and the zero Policy", err, tt.is)
			}
			sentence(t, err, "policy: ", tt.words)
		})
	}
}

func signatureOf(t testing.TB, signed []byte) []byte {
	t.Helper()
	m := new(pb.Signed)
	if err := proto.Unmarshal(signed, m); err != nil {
		t.Fatal(err)
	}
	return m.GetSignature()
}

// A key of a wrong length makes ed25519 panic; here it is an error.
func TestKeysOfWrongLength(t *testing.T) {
	body := encode(t, sample())
	if _, err := Sign(body, policyKey[:31]); err == nil {
		t.Error("Sign took a short key")
	}
	_, err := Parse(forged(t, body), nil)
	sentence(t, err, "verifying key has 0 bytes")
}

// No part of a signed policy may be lost or turned without notice.
func TestEveryBitIsSigned(t *testing.T) {
	good := forged(t, encode(t, sample()))
	for i := range good {
		if _, err := Parse(good[:i], public(policyKey)); err == nil {
			t.Fatalf("the first %d bytes were accepted", i)
		}
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, err := Parse(bad, public(policyKey)); err == nil {
			t.Fatalf("a flipped bit in byte %d was accepted", i)
		}
	}
}

func TestNewer(t *testing.T) {
	cur := parsed(t, sample())
	with := func(change func(*pb.Policy)) Policy {
		m := sample()
		m.Version = 4
		change(m)
		return parsed(t, m)
	}
	tests := []struct {
		name      string
		next, cur Policy
		now       time.Time
		is        error
		words     string
	}{
		{"newer", with(func(*pb.Policy) {}), cur, monday, nil, ""},
		{"the first", cur, Policy{}, monday, nil, ""},
		{"the same", cur, cur, monday, ErrOlder, "version above 3"},
		{"older", with(func(m *pb.Policy) { m.Version = 2 }), cur, monday, ErrOlder, "version 2 is older"},
		{"expired", with(func(m *pb.Policy) { m.ExpiresAt = monday.Unix() }), cur, monday, ErrExpired, "ended at 2026-09-07"},
		{"expired first", cur, Policy{}, monday.AddDate(1, 0, 0), ErrExpired, "ended"},
		{"another controller", with(func(m *pb.Policy) { m.Controller.Name = "Other" }), cur, monday, ErrController, "another controller"},
		{"none", Policy{}, cur, monday, ErrInvalid{"policy", "the policy", "is missing; fetch it from the operator"}, "missing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Newer(tt.next, tt.cur, tt.now)
			if !errors.Is(err, tt.is) {
				t.Fatalf("got %v, want %v", err, tt.is)
			}
			if err != nil {
				sentence(t, err, tt.words)
			}
		})
	}
}
