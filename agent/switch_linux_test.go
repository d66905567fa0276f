package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/byleave/byleave/policy"
)

// TestEverySwitchNarrowsTheConsent: each switch takes exactly its kind out of the signed consent, in every application; the last one that
// is on, one that is off and one that does not exist change nothing.
func TestEverySwitchNarrowsTheConsent(t *testing.T) {
	p, _ := agreed(t)
	post := visit(t)
	on := func() (all policy.Classes) {
		for _, g := range p.inForce().Message().GetGrants() {
			for _, k := range g.GetClasses() {
				all = all.With(policy.Class(k))
			}
		}
		return all
	}
	post("/unlock", url.Values{"secret": {passphrase}})
	for _, off := range []policy.Class{policy.Frames, policy.Text, policy.Hotkeys} {
		before, was := on(), p.inForce()
		post("/consent/class", url.Values{"class": {off.String()}})
		for _, k := range policy.AllClasses() {
			if want := before.Has(k) && k != off; on().Has(k) != want {
				t.Errorf("after %s was switched off, %s is %v", off, k, on().Has(k))
			}
		}
		if now := p.inForce(); now.ID() == was.ID() || !now.Expires().Equal(was.Expires()) || len(now.Message().GetHours()) != len(was.Message().GetHours()) {
			t.Errorf("%s: the consent is not a new one with less", off)
		}
	}
	was := p.inForce().ID()
	for _, nothing := range []string{policy.Pointer.String(), policy.Frames.String(), "screen", ""} { // the last one, one that is off, none
		post("/consent/class", url.Values{"class": {nothing}})
	}
	if p.inForce().ID() != was || on() != classes(policy.Pointer) {
		t.Error("the last kind was switched off, or something else came of it")
	}
}

// TestLessIsNoYes: whoever takes a kind of data back with one press has not agreed anew. What a no, or a withdrawal on another device,
// stopped stays stopped.
func TestLessIsNoYes(t *testing.T) {
	elsewhere := func(t *testing.T, p *person) {
		_, err := p.keys.HearElsewhere([][16]byte{{1}}, true, time.Now())
		must(t, err)
	}
	for name, stop := range map[string]func(t *testing.T, p *person){
		"said no":            func(t *testing.T, p *person) { must(t, p.keys.SaveRefused(time.Now())) },
		"withdrew elsewhere": elsewhere,
		"both":               func(t *testing.T, p *person) { elsewhere(t, p); must(t, p.keys.SaveRefused(time.Now())) },
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := agreed(t)
			stop(t, p)
			stopped := func() (out [2]time.Time) {
				var err error
				out[0], err = p.keys.Refused()
				must(t, err)
				out[1], err = p.keys.Elsewhere()
				must(t, err)
				return out
			}
			was, before := stopped(), p.inForce().ID()
			post := visit(t)
			post("/unlock", url.Values{"secret": {passphrase}})
			post("/consent/less", url.Values{"grant": {"editor frames"}})
			post("/consent/class", url.Values{"class": {policy.Text.String()}})
			if p.inForce().ID() == before {
				t.Error("nothing was taken back")
			}
			if now := stopped(); now != was {
				t.Errorf("taking something back lets recording begin again: no and elsewhere were %v and are %v", was, now)
			}
		})
	}
}

// visit opens the page without a terminal and gives what sends a form of it.
func visit(t *testing.T) (post func(path string, v url.Values)) {
	t.Helper()
	address, _ := page(t, false) // less never needs a terminal
	base := regexp.MustCompile(`^http://[^/]+`).FindString(address)
	jar, err := cookiejar.New(nil)
	must(t, err)
	c := &http.Client{Jar: jar, Transport: &http.Transport{}}
	t.Cleanup(c.CloseIdleConnections)
	res, err := c.Get(address)
	must(t, err)
	body, err := io.ReadAll(res.Body)
	must(t, err)
	must(t, res.Body.Close())
	proof := regexp.MustCompile(`name="proof" value="([^"]+)"`).FindSubmatch(body)[1]
	return func(path string, v url.Values) {
		t.Helper()
		v.Set("proof", string(proof))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(v.Encode()))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := c.Do(r)
		must(t, err)
		must(t, res.Body.Close())
	}
}

// TestTwoSwitchesAtOnce: two switches that are pressed before the page has answered the first are both off.
func TestTwoSwitchesAtOnce(t *testing.T) {
	p, _ := agreed(t)
	post := visit(t)
	post("/unlock", url.Values{"secret": {passphrase}})
	for range 5 {
		var both sync.WaitGroup
		for _, off := range []policy.Class{policy.Frames, policy.Text} {
			both.Go(func() { post("/consent/class", url.Values{"class": {off.String()}}) })
		}
		both.Wait()
		for _, g := range p.inForce().Message().GetGrants() {
			for _, k := range g.GetClasses() {
				if c := policy.Class(k); c == policy.Frames || c == policy.Text {
					t.Fatalf("%s is on again in %s", c, g.GetApplication())
				}
			}
		}
		p.agree(map[string]policy.Classes{"editor": classes(policy.Pointer, policy.Text, policy.Frames)})
	}
}

// TestLessThanWhatIsInForce: what a page once read of a consent gives nothing back that was taken back since, and after a withdrawal nothing at all.
func TestLessThanWhatIsInForce(t *testing.T) {
	p, _ := agreed(t)
	d, err := openDevice()
	must(t, err)
	read := policy.Choice{Grants: map[string]policy.Classes{"editor": classes(policy.Pointer, policy.Text), "files": classes(policy.Pointer)},
		Hours: p.inForce().Message().GetHours(), Expires: p.inForce().Expires(), Gesture: "test", Now: time.Now()}
	desk := reviewDesk(p.mine().cmd)
	must(t, desk.Less(t.Context(), policy.Choice{Grants: map[string]policy.Classes{"editor": classes(policy.Pointer, policy.Frames)},
		Hours: read.Hours, Expires: read.Expires, Gesture: "test", Now: time.Now()}))
	must(t, desk.Less(t.Context(), read))
	got := p.inForce().Message().GetGrants()
	if len(got) != 1 || got[0].GetApplication() != "editor" || len(got[0].GetClasses()) != 1 || policy.Class(got[0].GetClasses()[0]) != policy.Pointer {
		t.Errorf("what was taken back is there again: %v", got)
	}
	must(t, desk.Withdraw(t.Context()))
	if err := desk.Less(t.Context(), read); err == nil {
		t.Error("nothing is in force, and less of it was taken")
	}
	if c, err := d.consent(); err != nil || !c.IsZero() {
		t.Errorf("after a withdrawal a consent is in force, because something was taken back: %v", err)
	}
}
