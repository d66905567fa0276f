package flow

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"log/slog"
	"math/big"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

var person = sync.OnceValue(func() (p struct{ public, sealed []byte }) {
	p.public, p.sealed, _ = must3(keystore.NewPersonKey([]byte("four words in a row")))
	return p
})

func must3[A, B, C any](a A, b B, c C, err error) (A, B, C) {
	if err != nil {
		panic(err)
	}
	return a, b, c
}

// device is an agent on a folder of its own that enrolled with a collector and got first as its policy. Its pipe runs; nothing else.
func device(t *testing.T, first policy.Policy) *agent {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	keys := must(keystore.Open(home))
	tlsKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour)}
	der := must(x509.CreateCertificate(rand.Reader, form, form, tlsKey.Public(), tlsKey))
	leaf := must(x509.ParseCertificate(der))
	_, policyKey := asked()
	_, sign, err := ed25519.GenerateKey(nil)
	check(t, err)
	check(t, keys.SaveEnrolment(keystore.Identity{
		Subject: [16]byte{1}, Device: [16]byte{2}, Sign: sign, TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: tlsKey, Leaf: leaf},
		CA: leaf, Collector: "collector.example:8443", VaultKey: must(hpke.MLKEM768X25519().GenerateKey()).PublicKey(),
		PolicyKey: policyKey.Public().(ed25519.PublicKey), PersonKey: must(hpke.MLKEM768X25519().NewPublicKey(person().public)), Ledger: [32]byte{3},
	}, person().sealed))
	check(t, keys.SavePolicy(first.Signed()))
	a, err := open(Config{Home: home, Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	var pipe sync.WaitGroup
	pipe.Go(func() { a.pipe.Run(t.Context()) })
	t.Cleanup(func() { pipe.Wait(); check(t, a.spool.Close()); check(t, a.lock.Close()) })
	return a
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// agree is the person's consent to all of p, as `byleave consent give` stores it.
func (a *agent) agree(t *testing.T, p policy.Policy) policy.Consent {
	t.Helper()
	id := must(a.keys.Identity())
	m := must(policy.NewConsent(p, policy.Choice{
		Grants: map[string]policy.Classes{"editor": p.Offered()}, Hours: p.Message().GetHours(), Expires: time.Now().Add(24 * time.Hour),
		Gesture: "test", Subject: id.Subject, Device: id.Device, Now: time.Now(), Rand: rand.Reader,
	}))
	signed := must(policy.SignConsent(m, id.Sign))
	c := must(policy.ParseConsent(signed, id.Verify(), p))
	check(t, a.keys.SaveStub(must(policy.SignStub(c, false, id.Sign))))
	check(t, a.keys.SaveConsent(signed, p.Signed()))
	check(t, a.load())
	return c
}

// version makes a policy of that version, changed by edit.
func version(n int, edit func(map[string]any)) policy.Policy {
	p, _ := askedPolicy(func(m map[string]any) {
		m["version"], m["retention_days"] = fmt.Sprint(n), 90
		if edit != nil {
			edit(m)
		}
	})
	return p
}

// foreign is a policy that somebody else signed.
func foreign(t *testing.T) []byte {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	check(t, err)
	var signed pb.Signed
	check(t, proto.Unmarshal(version(9, func(m map[string]any) { m["retention_days"] = 400 }).Signed(), &signed))
	return must(policy.Sign(signed.GetBody(), key))
}

// I3: whatever a collector sends in place of a policy, nothing widens: what is refused changes nothing, what is wider stops.
func TestI03HostileCollector(t *testing.T) {
	retention := func(days int) func(map[string]any) { return func(m map[string]any) { m["retention_days"] = days } }
	tests := []struct {
		name  string
		send  []policy.Policy
		stops bool
		words string
	}{
		{"the same again", []policy.Policy{version(5, nil)}, false, ""},
		{"an older one", []policy.Policy{version(4, nil)}, false, ""},
		{"an older one that is wider", []policy.Policy{version(4, retention(400))}, false, ""},
		{"other content under the same version", []policy.Policy{version(5, retention(400))}, false, ""},
		{"one that has ended", []policy.Policy{version(6, func(m map[string]any) { m["expires_at"] = "1000" })}, false, ""},
		{"another controller", []policy.Policy{version(6, func(m map[string]any) { m["controller"].(map[string]any)["name"] = "Other" })}, false, ""},
		{"a narrower one", []policy.Policy{version(6, retention(30))}, false, ""},
		{"a wider one", []policy.Policy{version(6, retention(400))}, true, "longer"},
		{"wider after a narrower one", []policy.Policy{version(6, retention(30)), version(7, retention(400))}, true, "longer"},
		{"back to what was agreed, after a narrower one", []policy.Policy{version(6, retention(30)), version(7, retention(90))}, true, "longer"},
		{"narrower after a wider one", []policy.Policy{version(6, retention(400)), version(7, retention(30))}, false, ""},
		{"another application", []policy.Policy{version(6, func(m map[string]any) {
			m["applications"] = append(m["applications"].([]any), map[string]any{"id": "mail", "name": "Mail", "wm_class": "Mail", "executables": []string{"/usr/bin/mail"}})
		})}, true, "application mail"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first := version(5, nil)
			a := device(t, first)
			a.agree(t, first)
			before := a.rules.Load()
			if before == nil {
				t.Fatalf("nothing is recorded to begin with: %q", a.status().Note)
			}
			for _, p := range tt.send {
				a.newPolicy(p.Signed())
			}
			for _, junk := range [][]byte{nil, {1}, first.Signed()[1:], append(first.Signed(), 0), foreign(t)} {
				a.newPolicy(junk)
			}
			after, s := a.rules.Load(), a.status()
			if (after == nil) != tt.stops || tt.stops && (s.State != gate.Consenting.String() || !strings.Contains(s.Note, tt.words)) {
				t.Fatalf("rules are there: %v; %+v", after != nil, s)
			}
			if after == nil {
				return
			}
			for name, w := range map[string]policy.Window{"mail": {Class: "Mail", Executable: "/usr/bin/mail"}, "other": {Class: "X", Executable: "/x"}} {
				if app, why := after.Match(w); why == policy.Allowed {
					t.Errorf("%s is recorded as %s", name, app)
				}
			}
			if after.Expires().After(before.Expires()) {
				t.Errorf("recorded until %v, agreed until %v", after.Expires(), before.Expires())
			}
		})
	}
}

// What a narrower policy took away comes back when the person gives a new consent.
func TestNewConsentBeginsAnew(t *testing.T) {
	first := version(5, nil)
	a := device(t, first)
	a.agree(t, first)
	narrow, back := version(6, func(m map[string]any) { m["retention_days"] = 30 }), version(7, nil)
	a.newPolicy(narrow.Signed())
	a.newPolicy(back.Signed())
	if a.rules.Load() != nil {
		t.Fatal("a policy that the person had not agreed to in this order applied by itself")
	}
	a.agree(t, back)
	if a.rules.Load() == nil {
		t.Fatalf("a new consent does not record: %q", a.status().Note)
	}
}

// A consent given after a withdrawal that is not durable yet is not ended by its being made durable.
func TestWithdrawalEndsWhatStoodThen(t *testing.T) {
	p := version(5, nil)
	a := device(t, p)
	one, two := a.agree(t, p), a.agree(t, p)
	check(t, a.end(policy.Withdrawal{At: time.Now(), Gesture: "test"}))
	three := a.agree(t, p) // its load makes the withdrawals durable
	for _, c := range []struct {
		id   [16]byte
		gone bool
	}{{one.ID(), true}, {two.ID(), true}, {three.ID(), false}} {
		if gone, err := a.keys.Withdrawn(c.id); err != nil || gone != c.gone {
			t.Errorf("withdrawn: %v, want %v, %v", gone, c.gone, err)
		}
	}
	if a.rules.Load() == nil || a.ending() != 0 {
		t.Errorf("after a new consent: recording %v, %d withdrawals not durable", a.rules.Load() != nil, a.ending())
	}
}
