package main

import (
	"context"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/policy"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestEveryPage walks through all pages as a person does, and judges each.
func TestEveryPage(t *testing.T) {
	p := newPerson(t)
	program, ctx := axe(t), browser(t)
	address, ended := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	seen(t, ctx, program, "home-nothing-asked")
	p.publish(nil)
	do(t, ctx, chromedp.Reload())
	seen(t, ctx, program, "home-asked")
	do(t, ctx, press("Read what is asked"))
	seen(t, ctx, program, "ask")
	do(t, ctx, press("See my choice"))
	seen(t, ctx, program, "ask-problems")
	do(t, ctx, tick("grant", "editor pointer"), tick("grant", "editor frames"), tick("grant", "files pointer"), tick("text", "editor"),
		tick("span", "0"), tick("length", "30"), press("See my choice"))
	seen(t, ctx, program, "check")
	oneIntoDocs(t, "check-390-dark", "page-choice.png")
	do(t, ctx, press("Agree"))
	seen(t, ctx, program, "check-no-yes")
	if !p.inForce().IsZero() {
		t.Fatal("agreed without a yes")
	}
	do(t, ctx, chromedp.SendKeys(chromedp.CSS("#yes"), "yes"), press("Agree"))
	seen(t, ctx, program, "given")
	do(t, ctx, press("How things stand"))
	seen(t, ctx, program, "home-agreed")
	p.publish(func(m map[string]any) { m["retention_days"] = 30 })
	do(t, ctx, chromedp.Reload())
	seen(t, ctx, program, "home-narrowed")
	p.publish(func(m map[string]any) { m["retention_days"], m["classes"] = 400, []string{"DATA_CLASS_POINTER"} })
	do(t, ctx, chromedp.Reload())
	seen(t, ctx, program, "home-wider")
	oneIntoDocs(t, "home-wider-1440-light", "page-differences.png")
	do(t, ctx, press("No"))
	seen(t, ctx, program, "no")
	do(t, ctx, press("How things stand"))
	seen(t, ctx, program, "home-refused")
	do(t, ctx, press("Withdraw now"))
	seen(t, ctx, program, "withdrawn")
	do(t, ctx, press("Close this page"))
	seen(t, ctx, program, "closed")
	if why := <-ended; why != review.Closed {
		t.Errorf("the command ended because of %d", why)
	}
}

// TestTheNoticeShownIsTheNoticeSigned compares, letter by letter, what the page shows with what the signed consent carries.
func TestTheNoticeShownIsTheNoticeSigned(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address), press("Read what is asked"))
	shown := evaluate[string](t, ctx, `[...document.querySelectorAll(".told")].map(e => e.innerText).join("\n")`)
	do(t, ctx, tick("grant", "editor pointer"), tick("span", "0"), tick("length", "1"), press("See my choice"),
		chromedp.SendKeys(chromedp.CSS("#yes"), "yes"), press("Agree"))
	m := p.inForce().Message()
	if letters(shown) != letters(m.GetNotice()) {
		t.Errorf("shown:\n%s\nsigned:\n%s", shown, m.GetNotice())
	}
	if m.GetGesture() != "page: typed yes and pressed Agree" {
		t.Errorf("the gesture is %q", m.GetGesture())
	}
	if len(m.GetGrants()) != 1 || len(m.GetGrants()[0].GetClasses()) != 1 {
		t.Errorf("one kind of data was ticked, %v was agreed", m.GetGrants())
	}
	if length := time.Unix(m.GetExpiresAt(), 0).Sub(time.Unix(m.GetGivenAt(), 0)); length > 25*time.Hour {
		t.Errorf("one day was chosen, it lasts %v", length)
	}
}

// letters is a text without what only lays it out: spaces, the colon after a label, capitals of a heading.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// TestNothingIsTicked: the form begins empty, and an empty form agrees to nothing.
func TestNothingIsTicked(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address), press("Read what is asked"))
	if n := evaluate[int](t, ctx, `document.querySelectorAll("form.choose input:checked").length`); n != 0 {
		t.Errorf("%d boxes are ticked before the person ticked any", n)
	}
	if n := evaluate[int](t, ctx, `document.querySelectorAll("form.choose input[type=checkbox]").length`); n != 11 {
		t.Errorf("%d boxes: two applications with four kinds and typed text each, and one span of hours, make 11", n)
	}
	for _, missing := range []string{"grant", "span", "length"} {
		steps := map[string]step{"grant": tick("grant", "editor pointer"), "span": tick("span", "0"), "length": tick("length", "7")}
		delete(steps, missing)
		for _, s := range steps {
			do(t, ctx, s)
		}
		do(t, ctx, press("See my choice"))
		if at := evaluate[string](t, ctx, "location.pathname"); at != "/consent/check" || !strings.Contains(text(t, ctx), "Nothing was agreed yet") {
			t.Errorf("without %s the form was taken", missing)
		}
		do(t, ctx, press("What is asked"))
	}
	if !p.inForce().IsZero() {
		t.Error("something was agreed")
	}
}

// TestNoIsAsNearAsYes measures what the eye sees: the two buttons have one size and one look, and no comes no later.
func TestNoIsAsNearAsYes(t *testing.T) {
	newPerson(t).publish(nil)
	ctx := browser(t)
	address, _ := page(t, true)
	const pair = `(words => { const all = w => [...document.querySelectorAll("main a.button, main button.button")].filter(e => e.innerText.trim() === w);
		const see = e => { const r = e.getBoundingClientRect(), c = getComputedStyle(e);
			return {Box: [Math.round(r.width), Math.round(r.height)].join("x"), Style: [c.color, c.backgroundColor, c.borderColor, c.fontSize, c.fontWeight].join(" "), Top: r.top} };
		const yes = all(words)[0], no = all("No").filter(e => yes.closest(".choices").contains(e))[0];
		return [see(yes), see(no), see(all("No")[0])] })`
	type seen struct {
		Box, Style string
		Top        float64
	}
	do(t, ctx, chromedp.Navigate(address))
	for _, l := range looks {
		do(t, ctx, l.set())
		for menu, yes := range map[string]string{"How things stand": "Read what is asked", "What is asked": "See my choice"} {
			do(t, ctx, press(menu))
			e := evaluate[[]seen](t, ctx, pair+`("`+yes+`")`)
			if e[0].Box != e[1].Box || e[0].Style != e[1].Style {
				t.Errorf("%s: %q is %v, no beside it is %v", l.name, yes, e[0], e[1])
			}
			if yes == "See my choice" && e[2].Top >= e[0].Top {
				t.Errorf("%s: the first no comes later than the yes", l.name)
			}
		}
	}
	if n := evaluate[int](t, ctx, `[...document.querySelectorAll("button, a")].filter(e => /\ball\b/i.test(e.innerText)).length`); n != 0 {
		t.Error("there is a button for all of it")
	}
}

// TestNoEndsIt: after a no nothing is asked, no policy brings the question back, and only the person does.
func TestNoEndsIt(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address), press("No"))
	if got := text(t, ctx); !strings.Contains(got, "you will not be asked again") {
		t.Errorf("after the no: %s", got)
	}
	p.publish(func(m map[string]any) { m["retention_days"] = 400 })
	do(t, ctx, press("How things stand"))
	if got := text(t, ctx); !strings.Contains(got, "You said no") || evaluate[int](t, ctx, `document.querySelectorAll("main .button").length`) != 0 {
		t.Errorf("a newer policy asks again: %s", got)
	}
	no, err := p.keys.Refused()
	must(t, err)
	if no.IsZero() || !p.inForce().IsZero() {
		t.Error("the no was not kept")
	}
	do(t, ctx, press("read what is asked"), tick("grant", "editor pointer"), tick("span", "0"), tick("length", "1"), press("See my choice"),
		chromedp.SendKeys(chromedp.CSS("#yes"), "yes"), press("Agree"))
	if no, err = p.keys.Refused(); err != nil || !no.IsZero() || p.inForce().IsZero() {
		t.Errorf("the person's own yes after a no does not count (%v)", err)
	}
}

// TestLessAndWithdrawTakeOnePress: giving takes many presses and a word; taking back and ending take one.
func TestLessAndWithdrawTakeOnePress(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	p.agree(map[string]policy.Classes{"editor": classes(policy.Pointer, policy.Text), "files": classes(policy.Frames)})
	before := p.inForce()
	ctx := browser(t)
	address, _ := page(t, false) // without a terminal, too: less never needs one
	do(t, ctx, chromedp.Navigate(address), func(c context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.RunResponse(c, chromedp.Click(chromedp.CSS(`button[aria-label="Take back: text in Mousepad text editor"]`)))
		return none, err
	})
	after := p.inForce()
	if m := after.Message(); after.ID() == before.ID() || len(m.GetGrants()) != 2 || len(m.GetGrants()[0].GetClasses()) != 1 ||
		m.GetGesture() != "page: took back text in editor" || m.GetExpiresAt() != before.Message().GetExpiresAt() {
		t.Errorf("after one press: %v", m)
	}
	do(t, ctx, press("How things stand"), press("Withdraw now"))
	if !p.inForce().IsZero() || !strings.Contains(text(t, ctx), "Recording has stopped") {
		t.Error("one press did not withdraw")
	}
	if strings.Contains(text(t, ctx), "forget") {
		t.Error("erasing is offered though no agent knows how")
	}
}

// TestKeyboardAlone agrees to a part, and withdraws, without a mouse; whatever has the focus shows it.
func TestKeyboardAlone(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	to := func(want string) { // presses tab until the focus is there, and checks that each stop can be seen
		t.Helper()
		for range 80 {
			do(t, ctx, chromedp.KeyEvent(kb.Tab))
			at := evaluate[[]string](t, ctx, `(e => [e.name ? e.name + " " + e.value : e.innerText.trim(), getComputedStyle(e).outlineStyle, e.getBoundingClientRect().width > 0 ? "" : "hidden"])(document.activeElement)`)
			if at[1] == "none" || at[2] != "" {
				t.Fatalf("%q has the focus and does not show it: %v", at[0], at)
			}
			if strings.TrimSpace(at[0]) == want {
				return
			}
		}
		t.Fatalf("tab never comes to %q", want)
	}
	enter := func() {
		t.Helper()
		do(t, ctx, func(c context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
			_, err = chromedp.RunResponse(c, chromedp.KeyEvent(kb.Enter))
			return none, err
		})
	}
	to("Read what is asked")
	enter()
	to("grant files pointer")
	do(t, ctx, chromedp.KeyEvent(" "))
	to("span 0")
	do(t, ctx, chromedp.KeyEvent(" "))
	to("length 1")
	do(t, ctx, chromedp.KeyEvent(" "))
	to("See my choice")
	enter()
	to("yes")
	do(t, ctx, chromedp.KeyEvent("yes"))
	enter()
	if g := p.inForce().Message().GetGrants(); len(g) != 1 || g[0].GetApplication() != "files" {
		t.Fatalf("agreed by keyboard: %v", g)
	}
	to("How things stand")
	enter()
	to("Withdraw now")
	enter()
	if !p.inForce().IsZero() {
		t.Error("the keyboard did not withdraw")
	}
}

// TestPolicyThatChangesWhileReading: a yes to words that are not asked any more is no yes.
func TestPolicyThatChangesWhileReading(t *testing.T) {
	p := newPerson(t)
	p.publish(nil)
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address), press("Read what is asked"), tick("grant", "editor pointer"), tick("span", "0"), tick("length", "1"),
		press("See my choice"), chromedp.SendKeys(chromedp.CSS("#yes"), "yes"))
	p.publish(func(m map[string]any) { m["retention_days"] = 3000 })
	do(t, ctx, press("Agree"))
	if !p.inForce().IsZero() || !strings.Contains(text(t, ctx), "changed while you were reading") {
		t.Errorf("agreed to what was not read: %s", text(t, ctx))
	}
}
