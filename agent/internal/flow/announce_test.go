package flow

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"math/big"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
)

// person is an enrolled device that has agreed to everything of its operator's first policy.
type person struct {
	t    *testing.T
	home string
	keys *keystore.Store
	sign ed25519.PrivateKey // the operator's
	id   keystore.Identity
	n    uint64

	custodian []byte
	halt      func() // ends the agent that was started last
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newPerson(t *testing.T, given time.Time, length time.Duration) *person {
	t.Helper()
	p := &person{t: t, home: filepath.Join(t.TempDir(), "home")}
	var err error
	p.keys, err = keystore.Open(p.home)
	must(t, err)
	pub, sealed, _, err := keystore.NewPersonKey([]byte("correct horse battery staple"))
	must(t, err)
	own, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	must(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	_, p.sign, err = ed25519.GenerateKey(rand.Reader)
	must(t, err)
	_, device, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	vault, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	custodian, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	p.custodian = custodian.PublicKey().Bytes()
	p.id = keystore.Identity{
		Subject: [16]byte{1}, Device: [16]byte{2}, Sign: device, TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, CA: cert,
		Collector: "127.0.0.1:1", VaultKey: vault.PublicKey(), PolicyKey: p.sign.Public().(ed25519.PublicKey), PersonKey: own,
	}
	must(t, p.keys.SaveEnrolment(p.id, sealed))
	first := p.signed(90)
	must(t, p.keys.SavePolicy(first))
	asked, err := policy.Parse(first, p.id.PolicyKey)
	must(t, err)
	all := policy.Choice{
		Grants: map[string]policy.Classes{"editor": asked.Offered()}, Hours: asked.Message().GetHours(), Expires: given.Add(length), Now: given,
		Gesture: "test", Subject: p.id.Subject, Device: p.id.Device, Rand: rand.Reader,
	}
	m, err := policy.NewConsent(asked, all)
	must(t, err)
	c, err := policy.SignConsent(m, device)
	must(t, err)
	must(t, p.keys.SaveConsent(c, first))
	return p
}

// signed is the next policy, with data kept for days.
func (p *person) signed(days int) []byte {
	p.t.Helper()
	p.n++
	var m map[string]any
	must(p.t, json.Unmarshal(policy.Template(), &m))
	m["version"], m["retention_days"] = strconv.FormatUint(p.n, 10), days
	m["issued_at"], m["expires_at"] = "1700000000", "4000000000"
	m["custodians"] = []any{map[string]any{"name": "Works council", "public_key": p.custodian}}
	text, err := json.Marshal(m)
	must(p.t, err)
	body, err := policy.FromJSON(text)
	must(p.t, err)
	b, err := policy.Sign(body, p.sign)
	must(p.t, err)
	return b
}

// start is the agent as it is after a start, before anything runs.
func (p *person) start() *agent {
	p.t.Helper()
	a, err := open(Config{Home: p.home, Log: slog.New(slog.DiscardHandler)})
	must(p.t, err)
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.pipe.Run(ctx) }() // new rules of redaction wait for it
	p.halt = sync.OnceFunc(func() { stop(); <-ended; a.lock.Close(); a.spool.Close() })
	p.t.Cleanup(p.halt)
	return a
}

// A narrower policy takes effect by itself, and is said: once on the mark, and in the status for as long as it is so.
func TestNarrowerIsAnnouncedOnce(t *testing.T) {
	p := newPerson(t, time.Now(), 30*24*time.Hour)
	a := p.start()
	if s := a.status(); s.Note != "" {
		t.Fatalf("nothing happened, and the status says %q", s.Note)
	}
	must(t, a.acceptPolicy(p.signed(30)))
	if s := a.status(); a.rules.Load() == nil || !strings.Contains(s.Note, "narrowed on "+time.Now().Format("2 January 2006")+": Kept for 30 days, before 90") {
		t.Errorf("rules %v, note %q", a.rules.Load() != nil, s.Note)
	}
	blind, recording := gate.Status{State: gate.Blind, Words: "secret field"}, gate.Status{State: gate.Recording, Words: "recording"}
	if words, _ := a.saying(blind); words != "secret field" {
		t.Errorf("news hides why nothing is recorded: %q", words)
	}
	words, left := a.saying(recording)
	if words != "less is recorded" || left <= 0 || a.said(recording) != words {
		t.Errorf("the mark says %q for %v", words, left)
	}
	a.news.Store(&news{words, time.Now()}) // its time has passed
	for range 2 {
		if words, left := a.saying(recording); words != "recording" || left != 0 {
			t.Errorf("it is said twice: %q", words)
		}
	}
}

// A wider policy stops recording and asks; after a no nothing asks, whatever comes.
func TestNoIsTheLastWord(t *testing.T) {
	p := newPerson(t, time.Now(), 30*24*time.Hour)
	a := p.start()
	must(t, a.acceptPolicy(p.signed(400)))
	if s := a.status(); s.State != "consenting" || a.rules.Load() != nil || a.news.Load() != nil {
		t.Fatalf("a wider policy: %+v", s)
	}
	must(t, p.keys.SaveRefused(time.Now()))
	must(t, a.load())
	for _, days := range []int{500, 10} {
		if s := a.status(); s.State != "off" || a.rules.Load() != nil || !strings.Contains(s.Note, "you said no") {
			t.Errorf("after a no: %+v", s)
		}
		must(t, a.acceptPolicy(p.signed(days)))
	}
	must(t, p.keys.ForgetRefused())
	must(t, a.load())
	if a.rules.Load() == nil {
		t.Error("a no that was taken back still counts")
	}
}

// The end of a consent is said once, also when the agent starts again; not before its time, and not after the end.
func TestOneReminder(t *testing.T) {
	p := newPerson(t, time.Now().Add(-29*24*time.Hour), 30*24*time.Hour)
	a := p.start()
	if next := a.nextEdge(); next.IsZero() {
		t.Error("nothing wakes the agent")
	}
	a.remind()
	if n := a.news.Load(); n == nil || n.words != "consent ends soon" || !strings.Contains(a.status().Note, "doing nothing ends it") {
		t.Fatalf("one day before the end: %v, %q", n, a.status().Note)
	}
	a.news.Store(nil)
	a.remind()
	p.halt()
	again := p.start()
	again.remind()
	if a.news.Load() != nil || again.news.Load() != nil {
		t.Error("it is said twice")
	}
	early := newPerson(t, time.Now(), 30*24*time.Hour).start()
	early.remind()
	c := *early.consent.Load()
	if next := early.nextEdge(); early.news.Load() != nil || next.IsZero() || next.After(c.RemindAt()) {
		t.Errorf("thirty days before: said %v, next look %v", early.news.Load(), next)
	}
	late := newPerson(t, time.Now().Add(-31*24*time.Hour), 30*24*time.Hour).start()
	late.remind()
	if late.news.Load() != nil {
		t.Error("it is said after the end")
	}
}
