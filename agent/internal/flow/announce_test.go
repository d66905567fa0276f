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

// home is an enrolled device that has agreed to everything of its operator's first policy.
type home struct {
	t    *testing.T
	path string
	keys *keystore.Store
	sign ed25519.PrivateKey // the operator's
	id   keystore.Identity
	n    uint64

	custodian []byte
	halt      func() // ends the agent that was started last
}

func newHome(t *testing.T, given time.Time, length time.Duration) *home {
	t.Helper()
	p := &home{t: t, path: filepath.Join(t.TempDir(), "home")}
	var err error
	p.keys, err = keystore.Open(p.path)
	check(t, err)
	pub, sealed, _, err := keystore.NewPersonKey([]byte("correct horse battery staple"))
	check(t, err)
	own, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	check(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	_, p.sign, err = ed25519.GenerateKey(rand.Reader)
	check(t, err)
	_, device, err := ed25519.GenerateKey(rand.Reader)
	check(t, err)
	vault, err := hpke.MLKEM768X25519().GenerateKey()
	check(t, err)
	custodian, err := hpke.MLKEM768X25519().GenerateKey()
	check(t, err)
	p.custodian = custodian.PublicKey().Bytes()
	p.id = keystore.Identity{
		Subject: [16]byte{1}, Device: [16]byte{2}, Sign: device, TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, CA: cert,
		Collector: "127.0.0.1:1", VaultKey: vault.PublicKey(), PolicyKey: p.sign.Public().(ed25519.PublicKey), PersonKey: own,
	}
	check(t, p.keys.SaveEnrolment(p.id, sealed))
	first := p.signed(90)
	check(t, p.keys.SavePolicy(first))
	asked, err := policy.Parse(first, p.id.PolicyKey)
	check(t, err)
	all := policy.Choice{
		Grants: map[string]policy.Classes{"editor": asked.Offered()}, Hours: asked.Message().GetHours(), Expires: given.Add(length), Now: given,
		Gesture: "test", Subject: p.id.Subject, Device: p.id.Device, Rand: rand.Reader,
	}
	m, err := policy.NewConsent(asked, all)
	check(t, err)
	c, err := policy.SignConsent(m, device)
	check(t, err)
	check(t, p.keys.SaveConsent(c, first))
	return p
}

// signed is the next policy, with data kept for days.
func (p *home) signed(days int) []byte {
	p.t.Helper()
	p.n++
	var m map[string]any
	check(p.t, json.Unmarshal(policy.Template(), &m))
	m["version"], m["retention_days"] = strconv.FormatUint(p.n, 10), days
	m["issued_at"], m["expires_at"] = "1700000000", "4000000000"
	m["custodians"] = []any{map[string]any{"name": "Works council", "public_key": p.custodian}}
	text, err := json.Marshal(m)
	check(p.t, err)
	body, err := policy.FromJSON(text)
	check(p.t, err)
	b, err := policy.Sign(body, p.sign)
	check(p.t, err)
	return b
}

// start is the agent as it is after a start, before anything runs.
func (p *home) start() *agent {
	p.t.Helper()
	a, err := open(Config{Home: p.path, Log: slog.New(slog.DiscardHandler)})
	check(p.t, err)
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.pipe.Run(ctx) }() // new rules of redaction wait for it
	p.halt = sync.OnceFunc(func() { stop(); <-ended; a.lock.Close(); a.spool.Close() })
	p.t.Cleanup(p.halt)
	return a
}

// A narrower policy takes effect by itself, and is said: once on the mark, and in the status for as long as it is so.
func TestNarrowerIsAnnouncedOnce(t *testing.T) {
	p := newHome(t, time.Now(), 30*24*time.Hour)
	a := p.start()
	if s := a.status(); s.Note != "" {
		t.Fatalf("nothing happened, and the status says %q", s.Note)
	}
	check(t, a.acceptPolicy(p.signed(30)))
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
	a.bulletin.Store(&bulletin{words, time.Now()}) // its time has passed
	for range 2 {
		if words, left := a.saying(recording); words != "recording" || left != 0 {
			t.Errorf("it is said twice: %q", words)
		}
	}
}

// A wider policy stops recording and asks; after a no nothing asks, whatever comes.
func TestNoIsTheLastWord(t *testing.T) {
	p := newHome(t, time.Now(), 30*24*time.Hour)
	a := p.start()
	check(t, a.acceptPolicy(p.signed(400)))
	if s := a.status(); s.State != "consenting" || a.rules.Load() != nil || a.bulletin.Load() != nil {
		t.Fatalf("a wider policy: %+v", s)
	}
	check(t, p.keys.SaveRefused(time.Now()))
	check(t, a.load())
	for _, days := range []int{500, 10} {
		if s := a.status(); s.State != "off" || a.rules.Load() != nil || !strings.Contains(s.Note, "you said no") {
			t.Errorf("after a no: %+v", s)
		}
		check(t, a.acceptPolicy(p.signed(days)))
	}
	check(t, p.keys.ForgetRefused())
	check(t, a.load())
	if a.rules.Load() == nil {
		t.Error("a no that was taken back still counts")
	}
}

// The end of a consent is said once, also when the agent starts again; not before its time, and not after the end.
func TestOneReminder(t *testing.T) {
	p := newHome(t, time.Now().Add(-29*24*time.Hour), 30*24*time.Hour)
	a := p.start()
	a.remind()
	if n := a.bulletin.Load(); n == nil || n.words != "consent ends soon" || !strings.Contains(a.status().Note, "doing nothing ends it") {
		t.Fatalf("one day before the end: %v, %q", n, a.status().Note)
	}
	a.bulletin.Store(nil)
	a.remind()
	p.halt()
	again := p.start()
	again.remind()
	if a.bulletin.Load() != nil || again.bulletin.Load() != nil {
		t.Error("it is said twice")
	}
	early := newHome(t, time.Now(), 30*24*time.Hour).start()
	early.remind()
	c := *early.consent.Load()
	if next := early.remindAt(); early.bulletin.Load() != nil || !next.Equal(c.RemindAt()) {
		t.Errorf("thirty days before: said %v, next look %v", early.bulletin.Load(), next)
	}
	late := newHome(t, time.Now().Add(-31*24*time.Hour), 30*24*time.Hour).start()
	late.remind()
	if late.bulletin.Load() != nil {
		t.Error("it is said after the end")
	}
}
