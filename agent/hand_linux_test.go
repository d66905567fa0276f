package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// on clicks on what the selector finds and waits for the page that follows.
func on(selector string) step {
	return func(ctx context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector)))
		return none, err
	}
}

// TestHandPages: with the agent at work, a person takes something out of a box that has not left, switches a kind of data off, lets the
// rest leave, and sees what it takes of the computer. Each page is judged and photographed on the way.
func TestHandPages(t *testing.T) {
	p, r := agreed(t)
	for _, name := range r.workday(time.Now().AddDate(0, 0, -1)) {
		if box, held := strings.CutSuffix(name, ".box"); held { // it has left since
			must(t, os.Rename(filepath.Join(r.dir, name), filepath.Join(r.dir, box+".sent")))
		}
	}
	for _, ago := range []time.Duration{41, 26} {
		pl := payload(time.Now().Add(-ago*time.Minute), 9)
		add(pl, 1, click(pl, "files", "Harbour", int32(ago*5), 120))
		addGap(pl, 6, 19, pb.Reason_REASON_NOT_AGREED)
		add(pl, 22, typed("editor", "notes", "ask <PERSON#1> about the berth", &pb.Span{Start: 4, End: 14, Class: "PERSON", Id: 1}))
		r.box(pl, false)
	}
	pl := payload(time.Now().Add(-3*time.Minute), 9)
	pl.Events = append(pl.Events, &pb.Event{What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_STARTED, Text: "Write to the harbour office"}}})
	add(pl, 2, click(pl, "editor", "letter about the harbour", 140, 96))
	add(pl, 5, typed("editor", "letter about the harbour", "Dear harbour master, the pelican is back"))
	add(pl, 9, &pb.Action{Kind: pb.Kind_KIND_HOTKEY, Window: window("editor", "letter about the harbour"), Hotkey: "ctrl+s"})
	add(pl, 14, typed("editor", "letter about the harbour", "My number is under the mat"))
	old := r.box(pl, false)
	p.agentRuns()
	program, ctx := axe(t), browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	unlockPage(t, ctx)
	evaluate[bool](t, ctx, `document.querySelectorAll(".pair img").forEach(i => i.loading = "eager"); true`)
	spotless(t, ctx, program, "hand-recorded")
	if shown := text(t, ctx); !strings.Contains(shown, "The next box may leave at") || !strings.Contains(shown, "3 boxes held") || !strings.Contains(shown, "You began: Write to the harbour office") {
		t.Errorf("the page does not say what waits:\n%s", shown)
	}

	inOwnColours(t, ctx)
	intoDocs(t, "hand-recorded", "page-recorded.png")

	countsDown(t, ctx)

	do(t, ctx, press("Take something out…"))
	spotless(t, ctx, program, "hand-cut")
	intoDocs(t, "hand-cut", "page-cut.png")
	do(t, ctx, chromedp.Click(chromedp.CSS(`input[name=event][value="4"]`)), chromedp.SendKeys(chromedp.CSS("#w"), "pelican\nharbour"))
	do(t, ctx, on(`button[value="picture 0"]`))
	press1 := func(x, y int) step {
		return func(c context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
			at := evaluate[[]float64](t, c, `(r => [r.left, r.top])((e => (e.scrollIntoView(), e.getBoundingClientRect()))(document.querySelector("input[type=image]")))`)
			_, err = chromedp.RunResponse(c, chromedp.MouseClickXY(at[0]+float64(x), at[1]+float64(y)))
			return none, err
		}
	}
	do(t, ctx, press1(100, 40), press1(239, 119))
	spotless(t, ctx, program, "hand-picture")
	do(t, ctx, press("Done with this picture"))
	if shown := text(t, ctx); !strings.Contains(shown, "1 part black") || !evaluate[bool](t, ctx, `document.querySelector("input[name=event][value='4']").checked`) {
		t.Errorf("what was chosen is not remembered:\n%s", shown)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS(`textarea[name="text-2"]`)), chromedp.KeyEvent(kb.End), chromedp.KeyEvent(" 4111 1111 1111 1111"))
	do(t, ctx, press("See what is left"))
	spotless(t, ctx, program, "hand-left")
	intoDocs(t, "hand-left", "page-left.png")
	shown := text(t, ctx)
	if strings.Contains(shown, "pelican") || strings.Contains(shown, "mat") || strings.Contains(shown, "4111") || !strings.Contains(shown, "<CUT#") || !strings.Contains(shown, "<CARD#") {
		t.Errorf("what is left:\n%s", shown)
	}
	if r.bytesOf()[old] == "" {
		t.Fatal("it was cut before it was confirmed")
	}
	left := evaluate[string](t, ctx, "location.href")
	do(t, ctx, press("Take it out"))
	if shown = text(t, ctx); !strings.Contains(shown, "It is taken out") || !strings.Contains(shown, "you cut it") || strings.Contains(shown, "pelican") {
		t.Errorf("after the cut:\n%s", shown)
	}
	if r.bytesOf()[old] != "" || strings.Contains(fmt.Sprint(p.mine().held(t, spool.Waiting)), "pelican") {
		t.Error("the old box is there")
	}
	do(t, ctx, chromedp.Navigate(left))
	if shown = text(t, ctx); !strings.Contains(shown, "There is no such page") {
		t.Errorf("the page of before the cut:\n%s", shown)
	}

	do(t, ctx, press("What was recorded"))
	before := p.inForce()
	do(t, ctx, on(`form[action="/consent/class"] button[aria-label="Record: Pictures"]`))
	after := p.inForce()
	for _, g := range after.Message().GetGrants() {
		for _, c := range g.GetClasses() {
			if policy.Class(c) == policy.Frames {
				t.Errorf("%s still grants pictures", g.GetApplication())
			}
		}
	}
	if after.ID() == before.ID() || after.Message().GetGesture() != "page: switched frames off" || len(after.Message().GetGrants()) != 2 ||
		after.Message().GetExpiresAt() != before.Message().GetExpiresAt() {
		t.Errorf("the switch made %v", after.Message())
	}
	if !evaluate[bool](t, ctx, `document.querySelector("a.switch[aria-label^=Pictures]").getAttribute("href") === "/consent#choose"`) {
		t.Error("a kind that is off can be switched on again with one press")
	}

	do(t, ctx, press("Send now…"))
	spotless(t, ctx, program, "hand-send")
	do(t, ctx, press("Send now"))
	if shown = text(t, ctx); !strings.Contains(shown, "3 boxes may leave now") || !strings.Contains(shown, "You let it leave") {
		t.Errorf("after send now:\n%s", shown)
	}

	do(t, ctx, chromedp.Click(chromedp.CSS("details.cut summary")), press("See what goes of every day"))
	if shown = text(t, ctx); !strings.Contains(shown, "Delete all of editor") || !strings.Contains(shown, "actions in other applications") {
		t.Errorf("what goes with an application:\n%s", shown)
	}
	do(t, ctx, press("Keep it"), press("Use and history"))
	spotless(t, ctx, program, "hand-use")
	intoDocs(t, "hand-use", "page-use.png")
	if shown = text(t, ctx); !strings.Contains(shown, "switched frames off") || !strings.Contains(shown, "Not known at the moment") || !strings.Contains(shown, "that may leave today") ||
		!strings.Contains(shown, "How many joules this program draws is not known") {
		t.Errorf("use and history:\n%s", shown)
	}
}

// countsDown looks at the hold as its time passes: it runs by the browser's own clock, says one thing at a time, asks nobody, needs neither a
// script nor a style of its own, and disturbs nobody who listens: what is read aloud is the time of day, which stays true.
func countsDown(t *testing.T, ctx context.Context) {
	t.Helper()
	before := evaluate[int](t, ctx, `performance.getEntriesByType("resource").length`)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(done => { const c = document.querySelector("svg.count"), from = c.getCurrentTime();
		const look = () => !c.animationsPaused() && c.getCurrentTime() > from ? done(true) : setTimeout(look, 10); look() })`, chromedp.EvalAwaitPromise)); err != nil {
		t.Fatal("the countdown stands still:", err)
	}
	type moment struct {
		Words []string
		Ring  string
	}
	at := func(seconds int) moment {
		return evaluate[moment](t, ctx, fmt.Sprintf(`(() => { document.querySelectorAll(".hold svg").forEach(e => { e.pauseAnimations(); e.setCurrentTime(%d) });
			return {Words: [...document.querySelectorAll("svg.count text")].filter(e => getComputedStyle(e).visibility === "visible").map(e => e.textContent),
				Ring: getComputedStyle(document.querySelector(".ring .gone")).strokeDasharray} })()`, seconds))
	}
	said, begins := map[string]bool{}, at(0)
	var m moment
	for _, seconds := range []int{0, 61, 125, 1000, 4000} {
		if m = at(seconds); len(m.Words) != 1 || said[m.Words[0]] {
			t.Errorf("after %d seconds it says %+v; before: %v", seconds, m, said)
			continue
		}
		said[m.Words[0]] = true
	}
	if !said["Due now"] || m.Ring == begins.Ring || !strings.HasPrefix(m.Ring, "100") {
		t.Errorf("it begins with %+v and ends with %+v", begins, m)
	}
	at(0)
	if n := evaluate[int](t, ctx, `document.querySelectorAll("script, [style], .hold [aria-live], .hold [role=timer], .hold [role=status], .hold [role=alert], .hold svg:not([aria-hidden=true])").length`); n != 0 {
		t.Errorf("%d parts of the page move aloud, or are no plain markup", n)
	}
	if after := evaluate[int](t, ctx, `performance.getEntriesByType("resource").length`); after != before {
		t.Errorf("the countdown asked for something: %d and %d", before, after)
	}
}

// TestCutByKeyboard takes a word out, and blacks a part of a picture out by its numbers, without a pointer.
func TestCutByKeyboard(t *testing.T) {
	p, r := agreed(t)
	pl := payload(time.Now().Add(-3*time.Minute), 9)
	add(pl, 2, click(pl, "editor", "letter", 140, 96))
	add(pl, 5, typed("editor", "letter", "the pelican is back"))
	r.box(pl, false)
	p.agentRuns()
	ctx := browser(t)
	address, _ := page(t, true)
	do(t, ctx, chromedp.Navigate(address))
	unlockPage(t, ctx)
	to := func(what string) {
		t.Helper()
		for range 120 {
			do(t, ctx, chromedp.KeyEvent(kb.Tab))
			if evaluate[bool](t, ctx, fmt.Sprintf(`document.activeElement.matches(%q)`, what)) {
				if evaluate[string](t, ctx, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
					t.Errorf("%s has the focus, and nobody sees it", what)
				}
				return
			}
		}
		t.Fatalf("no key reaches %s", what)
	}
	enter := func() {
		t.Helper()
		_, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter))
		must(t, err)
	}
	to(`.box footer a[href^="/cut/"]`)
	enter()
	to("#w")
	do(t, ctx, chromedp.KeyEvent("pelican"))
	to(`button[value="picture 1"]`)
	enter()
	for _, field := range []string{"x", "y", "w", "h"} {
		to(`input[name="` + field + `"]`)
		do(t, ctx, chromedp.KeyEvent("40"))
	}
	enter()
	to(`a.button[href^="/cut/"]`)
	enter()
	to(`.bottom button[value="left"]`)
	enter()
	if evaluate[bool](t, ctx, `document.activeElement.innerText.trim() !== "Take it out"`) {
		to(`form[action$="/now"] button`)
	}
	enter()
	held := p.mine().held(t, spool.Waiting)
	if len(held) != 1 || strings.Contains(held[0].String(), "pelican") || len(held[0].GetFrames()) != 2 || len(held[0].GetInsteadOf()) != 1 ||
		string(held[0].GetFrames()[1].GetSha256()) == string(pl.GetFrames()[1].GetSha256()) {
		t.Errorf("by keyboard: %v", held)
	}
}

// inOwnColours: where the person's own colours replace those of the page, a switch still has a knob, and one that is on is not like one that is off.
func inOwnColours(t *testing.T, ctx context.Context) {
	t.Helper()
	do(t, ctx, media("", &emulation.MediaFeature{Name: "forced-colors", Value: "active"}))
	defer do(t, ctx, media(""))
	const paint = `(c => [...document.querySelectorAll(c)].map(e => [e, e.firstElementChild].map(x => getComputedStyle(x).backgroundColor)))`
	on, off := evaluate[[][]string](t, ctx, paint+`(".switch.on")`), evaluate[[][]string](t, ctx, paint+`(".switch:not(.on)")`)
	if len(on) == 0 || len(off) == 0 {
		t.Fatalf("%d switches are on, %d off", len(on), len(off))
	}
	if on[0][0] == on[0][1] || off[0][0] == off[0][1] || on[0][0] == off[0][0] {
		t.Errorf("in the person's own colours a switch that is on is painted %v, one that is off %v", on[0], off[0])
	}
}
