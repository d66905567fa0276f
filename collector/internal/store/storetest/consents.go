package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

func testWithdrawal(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	kept := p.Record(10)
	put(t, s, []store.Record{kept}, store.Stored)
	w := p.Consent
	w.Withdrawn = true
	must(t, s.PutConsent(ctx, w))
	put(t, s, []store.Record{p.Record(10), kept}, store.Withdrawn, store.Duplicate)
	must(t, s.PutConsent(ctx, p.Consent)) // says less than is known: changes nothing
	put(t, s, []store.Record{p.Record(10)}, store.Withdrawn)
	st, err := s.Standing(ctx, p.Device.ID, p.Consent.ID)
	must(t, err)
	if !st.Known || !st.Withdrawn {
		t.Fatalf("standing %+v", st)
	}
	if n := count(t, s.Scan(ctx, store.Query{Live: true})); n != 0 {
		t.Fatalf("%d live rows", n)
	}
	first := Consent(p.Device) // a withdrawal that arrives before its consent
	first.Withdrawn = true
	must(t, s.PutConsent(ctx, first))
	first.Withdrawn = false
	must(t, s.PutConsent(ctx, first))
	r := p.Record(10)
	r.Consent = first.ID
	put(t, s, []store.Record{r}, store.Withdrawn)
}

func testConsentFacts(t *testing.T, s store.Store) {
	p, q := Enrol(t, s), Enrol(t, s)
	for name, change := range map[string]func(*store.Consent){
		"device":     func(c *store.Consent) { c.Device = q.Device.ID },
		"policy":     func(c *store.Consent) { c.Policy[0]++ },
		"purpose":    func(c *store.Consent) { c.Purpose = "else" },
		"expiry":     func(c *store.Consent) { c.Expires = c.Expires.Add(time.Hour) },
		"commitment": func(c *store.Consent) { c.Commitment = []byte("else") },
	} {
		c := p.Consent
		c.Withdrawn = true
		change(&c)
		if err := s.PutConsent(ctx, c); !errors.Is(err, store.ErrExists) {
			t.Errorf("another %s: %v", name, err)
		}
	}
	put(t, s, []store.Record{p.Record(1)}, store.Stored)
}

func testConsentLimit(t *testing.T, s store.Store) {
	p := Enrol(t, s)
	for range store.MaxConsents - 1 {
		must(t, s.PutConsent(ctx, Consent(p.Device)))
	}
	if err := s.PutConsent(ctx, Consent(p.Device)); !errors.Is(err, store.ErrLimit) {
		t.Fatalf("one too many: %v", err)
	}
	w := p.Consent
	w.Withdrawn = true
	must(t, s.PutConsent(ctx, w)) // a withdrawal always gets through
	Enrol(t, s)                   // and others are not touched
}
