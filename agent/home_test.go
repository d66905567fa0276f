package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hpke"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/policy"
	"github.com/spf13/cobra"
)

// person is an enrolled device of its own folder, with the operator who may ask it.
type person struct {
	t    *testing.T
	keys *keystore.Store
	sign ed25519.PrivateKey // the operator's
	last uint64             // version of the policy
	ends time.Time
	box  []byte // the custodian's public key
}

// newPerson enrols without a collector: what enrolment leaves on disk is all that the pages need.
func newPerson(t *testing.T) *person {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	t.Setenv("BYLEAVE_HOME", home)
	keys, err := keystore.Open(home)
	must(t, err)
	_, sign, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	p := &person{t: t, keys: keys, sign: sign, ends: time.Now().AddDate(0, 6, 0)}
	p.enrol()
	return p
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (p *person) enrol() {
	t := p.t
	pub, sealed, _, err := keystore.NewPersonKey([]byte("correct horse battery staple"))
	must(t, err)
	own, err := hpke.MLKEM768X25519().NewPublicKey(pub)
	must(t, err)
	vault, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	custodian, err := hpke.MLKEM768X25519().GenerateKey()
	must(t, err)
	p.box = custodian.PublicKey().Bytes()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	_, device, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	must(t, p.keys.SaveEnrolment(keystore.Identity{
		Subject: [16]byte{1}, Device: [16]byte{2}, Sign: device, TLS: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, CA: cert,
		Collector: "127.0.0.1:1", VaultKey: vault.PublicKey(), PolicyKey: p.sign.Public().(ed25519.PublicKey), PersonKey: own,
	}, sealed))
}

// publish lets the operator ask: the template, changed by edit, newer than before.
func (p *person) publish(edit func(map[string]any)) {
	p.t.Helper()
	p.last++
	var m map[string]any
	must(p.t, json.Unmarshal(policy.Template(), &m))
	m["version"], m["issued_at"], m["expires_at"] = strconv.FormatUint(p.last, 10), strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10), strconv.FormatInt(p.ends.Unix(), 10)
	m["custodians"] = []any{map[string]any{"name": "Works council", "public_key": p.box}}
	if edit != nil {
		edit(m)
	}
	text, err := json.Marshal(m)
	must(p.t, err)
	body, err := policy.FromJSON(text)
	must(p.t, err)
	signed, err := policy.Sign(body, p.sign)
	must(p.t, err)
	must(p.t, p.keys.SavePolicy(signed))
}

// inForce is what the person has agreed to now.
func (p *person) inForce() policy.Consent {
	p.t.Helper()
	d, err := openDevice()
	must(p.t, err)
	c, err := d.consent()
	must(p.t, err)
	return c
}

// agree gives consent past all pages, for tests that begin after it.
func (p *person) agree(grants map[string]policy.Classes) {
	p.t.Helper()
	d, err := openDevice()
	must(p.t, err)
	must(p.t, d.give(d.newest, policy.Choice{
		Grants: grants, Hours: d.newest.Message().GetHours(), Expires: time.Now().AddDate(0, 1, 0), Gesture: "test: agreed", Now: time.Now(),
	}))
}

func classes(list ...policy.Class) (s policy.Classes) {
	for _, c := range list {
		s = s.With(c)
	}
	return s
}

// Whatever else lies among the receipts, the page of use and history shows what was decided.
func TestStrangeReceiptsHideNoHistory(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	p.agree(map[string]policy.Classes{"editor": classes(policy.Pointer)})
	for _, name := range []string{"a", "my-copies", "twelve-letters", "seventeen-letters", "2026-11-26T131421Z-given-00000000", "2026-11-26T131421Z-"} {
		must(t, p.keys.SaveReceipt(name, []byte("{}"), nil))
	}
	d, err := openDevice()
	must(t, err)
	events, err := d.history()
	must(t, err)
	if len(events) != 1 || events[0].What != "You agreed" || events[0].Receipt == "" {
		t.Errorf("%+v", events)
	}
}

// Each receipt is the person's alone, in both forms, and the newest is what `consent show --json` prints.
func TestReceiptsAreWritten(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	d, err := openDevice()
	must(t, err)
	var out bytes.Buffer
	must(t, d.printReceipt(&out))
	if out.String() != "null\n" {
		t.Fatalf("before anything was given: %s", out.String())
	}
	p.agree(map[string]policy.Classes{"editor": classes(policy.Pointer)})
	states := func() int {
		out.Reset()
		must(t, d.printReceipt(&out))
		r, err := policy.ParseReceipt(out.Bytes())
		must(t, err)
		return len(r.Record.Status)
	}
	if states() != 1 {
		t.Error("the receipt of a consent that was given does not say just that")
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	n, err := endAll(cmd, "test: withdrew")
	must(t, err)
	if n.Consents != 1 {
		t.Errorf("%d consents ended", n.Consents)
	}
	if states() != 2 {
		t.Error("the receipt of a withdrawal does not say so")
	}
	names, err := p.keys.Receipts()
	must(t, err)
	if len(names) != 2 {
		t.Fatalf("receipts: %v", names)
	}
	for _, n := range names {
		j, text, err := p.keys.Receipt(n)
		must(t, err)
		r, err := policy.ParseReceipt(j)
		must(t, err)
		if string(text) != r.Text() {
			t.Errorf("%s: the readable copy says something else than the JSON", n)
		}
	}
}
