package policy

import (
	"strings"
	"testing"
	"time"
)

func open(t testing.TB) Situation {
	t.Helper()
	p := parsed(t, sample())
	return Situation{
		Rules: rules(t, p, p, given(t, p, everything(p))), Now: Moment{Boot: 1, Wall: monday}, App: "editor",
		Known: true, Indicator: true, Durable: true,
	}
}

// Every switch alone closes a permit that is open without it, and gives its own reason.
func TestEverySwitchDenies(t *testing.T) {
	if p := Decide(open(t)); !p.Open() || p.App() != "editor" || p.Why() != Allowed || !p.Allows(Text) {
		t.Fatalf("the good situation is denied: %v", p.Why())
	}
	at := func(wall time.Time) func(*Situation) { return func(s *Situation) { s.Now.Wall = wall } }
	tests := []struct {
		name  string
		close func(*Situation)
		why   Reason
	}{
		{"no rules", func(s *Situation) { s.Rules = nil }, NoConsent},
		{"empty rules", func(s *Situation) { s.Rules = &Rules{} }, NoConsent},
		{"withdrawn", func(s *Situation) { s.Withdrawn = true }, NoConsent},
		{"paused", func(s *Situation) { s.Paused = true }, IsPaused},
		{"clock doubt", func(s *Situation) { s.ClockDoubt = true }, Blind},
		{"before consent", at(time.Unix(sample().IssuedAt-1, 0)), Blind},
		{"no clock", at(time.Time{}), Blind},
		{"at the end", at(time.Unix(sample().ExpiresAt, 0)), Expired},
		{"after the end", at(monday.AddDate(5, 0, 0)), Expired},
		{"locked", func(s *Situation) { s.Locked = true }, Excluded},
		{"disk", func(s *Situation) { s.Durable = false }, DiskTrouble},
		{"before nine", at(monday.Add(-time.Hour - time.Second)), OutOfHours},
		{"at noon", at(monday.Add(2 * time.Hour)), OutOfHours},
		{"sunday", at(monday.AddDate(0, 0, -1)), OutOfHours},
		{"another zone", at(monday.Add(-6 * time.Hour)), OutOfHours},
		{"unknown focus", func(s *Situation) { s.Known = false }, Blind},
		{"excluded window", func(s *Situation) { s.AppWhy = Excluded }, Excluded},
		{"other window", func(s *Situation) { s.AppWhy = NotAgreed }, NotAgreed},
		{"an application nobody granted", func(s *Situation) { s.App = "mail" }, NotAgreed},
		{"no application", func(s *Situation) { s.App = "" }, NotAgreed},
		{"secret field", func(s *Situation) { s.Secret = true }, Secret},
		{"no mark", func(s *Situation) { s.Indicator = false }, NoIndicator},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t)
			tt.close(&s)
			p := Decide(s)
			if p.Open() || p.Why() != tt.why || p.App() != "" {
				t.Errorf("open %v, why %v; want denied for %v", p.Open(), p.Why(), tt.why)
			}
			for _, c := range AllClasses() {
				if p.Allows(c) {
					t.Errorf("%s leaks through", c)
				}
			}
		})
	}
}

// I1: nothing given, nothing allowed.
func TestZeroValuesDeny(t *testing.T) {
	app, why := (*Rules)(nil).Match(Window{Class: "Mousepad", Executable: "/usr/bin/mousepad"})
	if app != "" || why != NoConsent || Decide(Situation{}).Open() || (Permit{}).Open() || Deny(Allowed).Open() || Deny(Allowed).Why() != Blind {
		t.Error("a zero value allows")
	}
	if !(*Rules)(nil).NextEdge(monday).IsZero() || (*Rules)(nil).Expires() != (time.Time{}) {
		t.Error("no rules have an edge")
	}
	if _, err := NewRules(Policy{}, Policy{}, Consent{}); err == nil {
		t.Error("rules were made of nothing")
	}
}

func TestOnlyGrantedClasses(t *testing.T) {
	p := parsed(t, sample())
	c := everything(p)
	c.Grants = map[string]Classes{"editor": Classes(0).With(Pointer).With(Frames)}
	s := open(t)
	s.Rules = rules(t, p, p, given(t, p, c))
	for _, class := range AllClasses() {
		if want := class == Pointer || class == Frames; Decide(s).Allows(class) != want {
			t.Errorf("%s: allowed is %v", class, !want)
		}
	}
	if Decide(s).Without(Pointer).Without(Frames).Open() {
		t.Error("a permit without classes is open")
	}
	s.App = "files"
	if Decide(s).Open() {
		t.Error("an application that was not granted is open")
	}
}

func TestReasonsHaveWords(t *testing.T) {
	seen := map[string]Reason{}
	for r := Allowed; r <= Lost; r++ {
		w := r.Words()
		if other, twice := seen[w]; w == "" || twice || len(strings.Fields(w)) > 3 {
			t.Errorf("reason %d says %q, like %d", r, w, other)
		}
		seen[w] = r
	}
}
