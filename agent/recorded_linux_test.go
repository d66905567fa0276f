package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/proto/pb"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// unlockPage goes to what was recorded and opens it.
func unlockPage(t *testing.T, ctx context.Context) {
	t.Helper()
	do(t, ctx, press("What was recorded"), chromedp.SendKeys(chromedp.CSS("#secret"), passphrase), press("Open"))
	if at := evaluate[string](t, ctx, "location.pathname"); at != "/recorded" || !strings.Contains(text(t, ctx), "Box by box") {
		t.Fatalf("the passphrase does not open the page: %s\n%s", at, text(t, ctx))
	}
	whole(t, ctx)
}

// whole loads the page again until all that was recorded is on it: it waits only shortly for what is still being opened, and says so.
func whole(t *testing.T, ctx context.Context) {
	t.Helper()
	for strings.Contains(text(t, ctx), "Still opening") {
		do(t, ctx, chromedp.Reload())
	}
}

// spotless judges the page in every look and finds nothing at all.
func spotless(t *testing.T, ctx context.Context, program, name string) {
	t.Helper()
	photograph(t, ctx, name)
	for _, l := range looks {
		do(t, ctx, l.set())
		for _, f := range judge(t, ctx, program) {
			t.Errorf("%s, %s: %s (%s): %q", name, l.name, f.Help, f.Impact, f.Where)
		}
		if evaluate[bool](t, ctx, "document.documentElement.scrollWidth > innerWidth") {
			t.Errorf("%s, %s: the page is wider than the screen: %s", name, l.name, evaluate[string](t, ctx,
				`[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 90)).join("\n")`))
		}
	}
	fits(t, ctx, name)
}

// fits holds that a page is as wide as any screen, half of an ordinary one at twice the size among them, and that nothing of it scrolls on paper.
func fits(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, width := range []int64{320, 640, 2560} {
		do(t, ctx, look{"", width, 800, "light"}.set())
		if evaluate[bool](t, ctx, "document.documentElement.scrollWidth > innerWidth") {
			t.Errorf("%s is wider than a screen of %d pixels", name, width)
		}
	}
	do(t, ctx, media("print"))
	defer do(t, ctx, media(""))
	if cut := evaluate[string](t, ctx, `[...document.querySelectorAll("main :not(textarea)")].filter(e => /auto|scroll/.test(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1 &&
		e.clientHeight).map(e => e.outerHTML.slice(0, 90)).join("\n")`); cut != "" {
		t.Errorf("%s: paper does not scroll: %s", name, cut)
	}
}

// TestRecordedPages walks through the pages of what was recorded, and judges each.
func TestRecordedPages(t *testing.T) {
	p := newPerson(t)
	r := p.record()
	r.workday(time.Now().AddDate(0, 0, -1))
	names := r.workday(time.Now().AddDate(0, 0, -2))
	must(t, os.Truncate(filepath.Join(r.dir, names[4]), 900)) // a damaged one
	must(t, os.WriteFile(filepath.Join(r.dir, "holiday.jpg"), []byte("not a box"), 0o600))
	program, ctx := axe(t), browser(t)
	address, ended := page(t, true)
	do(t, ctx, chromedp.Navigate(address), press("What was recorded"))
	spotless(t, ctx, program, "locked")
	do(t, ctx, chromedp.SendKeys(chromedp.CSS("#secret"), "wrong horse"), press("Open"))
	spotless(t, ctx, program, "locked-wrong")
	do(t, ctx, chromedp.SendKeys(chromedp.CSS("#secret"), passphrase), press("Open"))
	do(t, ctx, chromedp.WaitVisible(chromedp.CSS(".strip")))
	whole(t, ctx)
	evaluate[bool](t, ctx, `document.querySelectorAll(".pair img").forEach(i => i.loading = "eager"); true`)
	spotless(t, ctx, program, "recorded")
	shown := text(t, ctx)
	for _, want := range []string{"Please pay <IBAN#1> by Friday", "ctrl+s", "another application", "held", "sent", "A run of the agent"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	pictures := evaluate[int](t, ctx, `[...document.querySelectorAll(".pair img")].map(i => { i.loading = "eager"; return i.decode() }).length`)
	broken, err := chromedp.Run(ctx, chromedp.Evaluate[int](`Promise.allSettled([...document.querySelectorAll(".pair img")].map(i => i.decode())).then(a => a.filter(s => s.status !== "fulfilled").length)`, chromedp.EvalAwaitPromise))
	must(t, err)
	if pictures != 12 || broken != 0 {
		t.Errorf("%d pictures, %d of them do not show", pictures, broken)
	}
	if n := evaluate[int](t, ctx, `[...document.querySelectorAll(".pair img")].filter(i => i.getAttribute("width") != i.naturalWidth || i.getAttribute("height") != i.naturalHeight).length`); n != 0 {
		t.Errorf("no room is kept for %d pictures: the page moves when they come, and a press then meets something else", n)
	}
	day := time.Now().AddDate(0, 0, -2).Format("Mon 2 January")
	do(t, ctx, chromedp.Click(chromedp.Search(`//nav[@aria-label="Days"]//a[contains(., "`+day+`")]`)), chromedp.WaitVisible(chromedp.CSS(".damaged")))
	spotless(t, ctx, program, "recorded-damaged")
	if shown := text(t, ctx); !strings.Contains(shown, "This box does not open: its end is missing") || strings.Count(shown, "ask <TERM#2>") != 2 {
		t.Errorf("a damaged box hides its neighbours, or is not told:\n%s", shown)
	}
	do(t, ctx, press("See exactly what will leave"))
	spotless(t, ctx, program, "as-sent")
	if shown := text(t, ctx); !strings.Contains(shown, `"kind": "KIND_SCROLL"`) || !strings.Contains(shown, "480 × 300") {
		t.Errorf("the plaintext of the next box is not there:\n%s", shown)
	}
	do(t, ctx, press("What each field means"))
	spotless(t, ctx, program, "dictionary")
	do(t, ctx, press("What was recorded"), chromedp.SendKeys(chromedp.CSS("input[name=words]"), "QUARTER"), press("Look"))
	spotless(t, ctx, program, "found")
	if shown := text(t, ctx); strings.Count(shown, "ask <TERM#2> about the quarter") != 5 || strings.Contains(shown, "Please pay") || strings.Contains(evaluate[string](t, ctx, "location.href"), "QUARTER") {
		t.Errorf("a search finds something else, or its words stand in the address:\n%s", shown)
	}
	do(t, ctx, press("Show all again"), press("Delete this box…"))
	spotless(t, ctx, program, "delete")
	do(t, ctx, press("Keep it"), chromedp.Click(chromedp.CSS("details.cut summary")), press("Delete everything…"))
	spotless(t, ctx, program, "everything")
	do(t, ctx, press("Close this page"))
	if why := <-ended; why != review.Closed {
		t.Errorf("the command ended because of %d", why)
	}
}

// TestHostileTextsAreInert: whatever stands in titles, texts, names and file names moves nothing on the page.
func TestHostileTextsAreInert(t *testing.T) {
	p := newPerson(t)
	r := p.record()
	const evil = "<img src=x onerror=document.title='owned'>\"'><script>document.title='owned'</script>\u202etxt.exe\x1b[31m"
	pl := payload(time.Now().Add(-time.Hour), 1)
	a := click(pl, evil, evil, 5, 5)
	a.Element, a.Before = &pb.Element{Role: evil, Name: evil}, nil
	a.After.Withheld = evil
	add(pl, 1, a)
	add(pl, 2, typed(evil, evil, evil, &pb.Span{Start: 3, End: 900}, &pb.Span{Start: 9, End: 4}, &pb.Span{Start: 1, End: 4}))
	endless := strings.Repeat("https://example.org/without_a_space/", 12)
	a = click(pl, endless, endless, 6, 6)
	a.Element = &pb.Element{Role: "push button", Name: endless}
	add(pl, 5, a)
	add(pl, 6, typed("editor", "رسالة إلى مكتب الميناء", "כתוב לי בבקשה "+endless))
	r.box(pl, false)
	must(t, os.WriteFile(filepath.Join(r.dir, `"><script>alert(1)<!--`), []byte(evil), 0o600))
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	unlockPage(t, ctx)
	for _, look := range []step{chromedp.Reload(), press("As it leaves"), press("What was recorded"), press("Take something out…")} {
		do(t, ctx, look)
		html := evaluate[string](t, ctx, "document.documentElement.outerHTML")
		if n := evaluate[int](t, ctx, `document.querySelectorAll("script, [onerror], [style]").length`); n != 0 || strings.Contains(evaluate[string](t, ctx, "document.title"), "owned") {
			t.Errorf("%d hostile elements live", n)
		}
		if strings.ContainsAny(html, "\u202e\x1b") {
			t.Error("a text can turn the direction of writing or carries control characters")
		}
		fits(t, ctx, "a page with endless words")
	}
	if shown := text(t, ctx); !strings.Contains(shown, "<img src=x onerror=") || !strings.Contains(shown, `\u202e`) {
		t.Errorf("the hostile text is not shown as text:\n%s", shown)
	}
}

// TestReviewByKeyboard unlocks, looks for a word and asks to delete, without a pointer.
func TestReviewByKeyboard(t *testing.T) {
	p := newPerson(t)
	p.record().workday(time.Now().AddDate(0, 0, -1))
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	tabTo := func(what string) {
		t.Helper()
		for range 200 {
			do(t, ctx, chromedp.KeyEvent(kb.Tab))
			if evaluate[bool](t, ctx, fmt.Sprintf(`document.activeElement.matches(%q)`, what)) {
				outline := evaluate[string](t, ctx, `getComputedStyle(document.activeElement).outlineStyle`)
				if outline == "none" {
					t.Errorf("%s has the focus, and nobody sees it", what)
				}
				return
			}
		}
		t.Fatalf("no key reaches %s", what)
	}
	enter := func(keys string) {
		t.Helper()
		_, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(keys))
		must(t, err)
	}
	tabTo(`nav a[href="/recorded"]`)
	enter(kb.Enter)
	tabTo("#secret")
	do(t, ctx, chromedp.KeyEvent(passphrase))
	enter(kb.Enter)
	tabTo("input[name=words]")
	do(t, ctx, chromedp.KeyEvent("friday"))
	enter(kb.Enter)
	if shown := text(t, ctx); strings.Count(shown, "Please pay") != 3 {
		t.Fatalf("the search by keyboard finds:\n%s", shown)
	}
	tabTo(".box footer button")
	enter(kb.Enter)
	if evaluate[bool](t, ctx, `document.activeElement.innerText.trim() !== "Delete it"`) {
		tabTo(`form[action="/forget"] button`)
	}
	enter(kb.Enter)
	if shown := text(t, ctx); !strings.Contains(shown, "byleave start") && !strings.Contains(shown, "does not run") && !strings.Contains(shown, "not running") {
		t.Errorf("without an agent a deletion says:\n%s", shown)
	}
}

// TestALongTitleIsBrief: a title as long as a program likes takes a few lines of the page, in words or in one piece, and all of it is a key away, on paper no key at all.
func TestALongTitleIsBrief(t *testing.T) {
	p := newPerson(t)
	r := p.record()
	pl := payload(time.Now().Add(-time.Hour), 1)
	for i, long := range []string{strings.Repeat("many words ", 6000) + "its end", strings.Repeat("onewordwithoutanend", 3000) + "its end"} {
		a := click(pl, "editor", long, 5, 5)
		a.Element, a.Before, a.After = &pb.Element{Role: "push button", Name: long}, nil, nil
		add(pl, float64(i), a)
	}
	add(pl, 2, click(pl, "editor", "a short title", 5, 5))
	r.box(pl, false)
	program, ctx := axe(t), browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	unlockPage(t, ctx)
	rows := func() []float64 {
		return evaluate[[]float64](t, ctx, `[...document.querySelectorAll(".rows > li, .picks > li")].map(e => e.getBoundingClientRect().height)`)
	}
	for _, where := range []string{"recorded", "cut"} {
		if where == "cut" {
			do(t, ctx, press("Take something out…"))
		}
		for _, l := range []look{{"1280-light", 1280, 900, "light"}, {"1280-dark", 1280, 900, "dark"}, {"390-light", 390, 844, "light"}, {"390-dark", 390, 844, "dark"}} {
			do(t, ctx, l.set())
			png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
			must(t, err)
			must(t, os.WriteFile(artefact(t, where+"-long-titles-"+l.name), png, 0o600))
			for i, height := range rows() {
				if height > float64(l.height)/2 {
					t.Errorf("%s, %s: row %d is %.0f pixels high", where, l.name, i, height)
				}
			}
		}
		spotless(t, ctx, program, where+"-long-titles")
		if n := evaluate[int](t, ctx, `document.querySelectorAll("details.whole").length`); n != 4 {
			t.Errorf("%s: %d long names, want 4", where, n)
		}
		evaluate[bool](t, ctx, `document.querySelector("details.whole summary").focus(); true`)
		do(t, ctx, chromedp.KeyEvent(kb.Enter))
		if !evaluate[bool](t, ctx, `document.querySelector("details.whole").open && document.querySelector("details.whole p").innerText.endsWith("its end")`) {
			t.Errorf("%s: a key does not show all of a title", where)
		}
		do(t, ctx, chromedp.KeyEvent(kb.Enter), media("print"))
		if heights := evaluate[[]float64](t, ctx, `[...document.querySelectorAll("details.whole p")].map(e => e.getBoundingClientRect().height)`); where == "recorded" && (len(heights) != 4 || heights[0] < 300) {
			t.Errorf("on paper a long title is not whole: %v", heights)
		}
		do(t, ctx, media(""))
	}
}
