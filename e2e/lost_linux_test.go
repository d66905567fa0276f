package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/axe"
	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/pty"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// keyboard is a browser in which nothing but keys is pressed.
type keyboard struct {
	t   *testing.T
	tab context.Context
	axe string
}

// keyboardOn opens a Chromium with nothing in it, and returns its folder.
func keyboardOn(ctx context.Context, t *testing.T) (*keyboard, string) {
	t.Helper()
	profile, err := os.MkdirTemp("", "byleave-profile-")
	check(t, err)
	t.Cleanup(func() { // processes of it write there when the first one has ended already
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		check(t, desktop.Until(ctx, "the browser's folder to go", func() bool { return os.RemoveAll(profile) == nil }))
	})
	alloc, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath("/usr/bin/chromium"), chromedp.UserDataDir(profile), chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("allow-pre-commit-input", true)) // a press that comes before the first picture of a page is else dropped
	t.Cleanup(stop)
	tab, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	check(t, chromedp.Do(tab))
	program, err := axe.Program(ctx)
	check(t, err)
	return &keyboard{t, tab, program}, profile
}

func (k *keyboard) text() string {
	k.t.Helper()
	v, err := chromedp.Run(k.tab, chromedp.Evaluate[string]("document.body.innerText"))
	check(k.t, err)
	return v
}

// to presses tab until the focus is there, and sees that it shows.
func (k *keyboard) to(what string) {
	k.t.Helper()
	for range 200 {
		check(k.t, chromedp.Do(k.tab, chromedp.KeyEvent(kb.Tab)))
		at, err := chromedp.Run(k.tab, chromedp.Evaluate[string](`(e => !e.matches("`+what+`") ? "" : getComputedStyle(e).outlineStyle)(document.activeElement)`))
		check(k.t, err)
		if at == "none" {
			k.t.Errorf("%s has the focus, and nobody sees it", what)
		}
		if at != "" {
			return
		}
	}
	k.t.Fatalf("no key reaches %s:\n%s", what, k.text())
}

func (k *keyboard) types(keys string) {
	k.t.Helper()
	check(k.t, chromedp.Do(k.tab, chromedp.KeyEvent(keys)))
}

// enter presses the key and waits for the page that follows.
func (k *keyboard) enter() {
	k.t.Helper()
	_, err := chromedp.RunResponse(k.tab, chromedp.KeyEvent(kb.Enter))
	check(k.t, err)
}

// whole loads the page again until all that was recorded is on it.
func (k *keyboard) whole() {
	k.t.Helper()
	for strings.Contains(k.text(), "Still opening") {
		check(k.t, chromedp.Do(k.tab, chromedp.Reload()))
	}
}

// judged lets axe-core look at the page, light and dark, wide and narrow: two of the four looks, of which all are photographed.
func (k *keyboard) judged(name string) {
	k.t.Helper()
	for i, width := range []int64{1440, 390} {
		for j, scheme := range []string{"light", "dark"} {
			media := func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
				_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
				return none, err
			}
			check(k.t, chromedp.Do(k.tab, chromedp.EmulateViewport(width, 900), media))
			if i == j {
				found, err := axe.Judge(k.tab, k.axe)
				check(k.t, err)
				for _, f := range found {
					k.t.Errorf("%s, %d %s: %s (%s): %q", name, width, scheme, f.Help, f.Impact, f.Where)
				}
			}
			if dir := os.Getenv("BYLEAVE_ARTEFACTS"); dir != "" {
				png, err := chromedp.Run(k.tab, chromedp.FullScreenshot(100))
				check(k.t, err)
				check(k.t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), png, 0o600))
			}
		}
	}
}

// review serves the page of a receipt on l and returns its address.
func (l *laptop) review(ctx context.Context, receipt string) (address string, page *exec.Cmd) {
	l.t.Helper()
	out := filepath.Join(l.t.TempDir(), "page")
	f, err := os.Create(out)
	check(l.t, err)
	defer f.Close()
	page = l.command(ctx, "review", "--no-browser", "--receipt", receipt)
	page.Stdout, page.Stderr = f, f
	check(l.t, page.Start())
	check(l.t, desktop.Until(ctx, "the address", func() bool {
		b, err := os.ReadFile(out)
		address = string(addressLine.Find(b))
		return err == nil && address != ""
	}))
	return address, page
}

// TestLostLaptopByKeyboard: the computer is gone. On a new one, with nothing but receipt, recovery code and a keyboard, a person sees what
// the collector holds of them, takes it along, goes on with their own key, and erases all of it; nothing of it stays on that computer.
func TestLostLaptopByKeyboard(t *testing.T) {
	ctx, s, invitation := openOperator(t)
	lost, fresh := newLaptop(t), newLaptop(t)
	recovery, receipt := lost.enrol(ctx, invitation)
	lost.give(ctx)
	lost.recorded(time.Now().Add(-26*time.Hour), "walrus colony")
	lost.recorded(time.Now().Add(-time.Hour), "ocelot forest")
	lost.start()
	lost.sent(ctx, 2)
	lost.stop()
	check(t, os.RemoveAll(lost.home))

	k, profile := keyboardOn(ctx, t)
	address, page := fresh.review(ctx, receipt)
	_, err := chromedp.RunResponse(k.tab, chromedp.Navigate(address))
	check(t, err)
	k.judged("lost-locked")
	k.to("#secret")
	k.types("AAAAAAAA-AAAAAAAA-AAAAAAAA-AAAAAAAA-AAAAAAAA-AAAAAAAA-AAAAAAAA-AAAAAAAA")
	k.enter()
	if shown := k.text(); !strings.Contains(shown, "That did not open it") {
		t.Fatalf("a wrong code: %s", shown)
	}
	k.to("#secret")
	k.types(recovery)
	k.enter()
	k.whole()
	if shown := k.text(); !holds(shown, "ocelot forest", "What was sent") || strings.Contains(shown, "walrus") || strings.Contains(shown, "Delete this box") {
		t.Fatalf("the recovery code shows:\n%s", shown)
	}
	k.judged("lost-recorded")
	k.to("input[name=words]")
	k.types("walrus")
	k.enter()
	if shown := k.text(); !strings.Contains(shown, "walrus colony") || strings.Contains(shown, "ocelot") {
		t.Fatalf("the search finds:\n%s", shown)
	}
	k.to(".box footer a")
	k.enter()
	if shown := k.text(); !holds(shown, "walrus colony", "KIND_TEXT") {
		t.Fatalf("the box word for word:\n%s", shown)
	}

	dir := filepath.Join(t.TempDir(), "mine")
	said, err := pty.Run(fresh.command(ctx, "export-mine", dir, "--receipt", receipt), recovery+"\n")
	check(t, err)
	lines, err := os.ReadFile(filepath.Join(dir, "events.jsonl"))
	check(t, err)
	if !holds(string(lines), "walrus colony", "ocelot forest") {
		t.Errorf("the export holds %s; the terminal showed %s", lines, said)
	}
	again, err := s.Collector(ctx, "invite", "--dir", s.Data(), "--count", "1", "--role", "device")
	check(t, err)
	if said, err = pty.Run(fresh.command(ctx, "enrol", strings.TrimSpace(again), "--recover", "--passphrase-file", fresh.secret), recovery+"\n"); err != nil || !strings.Contains(string(said), "Enrolled with your own key") {
		t.Fatalf("%v: %s", err, said)
	}

	k.to("nav a[href='/recorded']")
	k.enter()
	k.to("a[href='/forget/everything']")
	k.enter()
	k.judged("lost-everything")
	k.to("#yes")
	k.types("no")
	k.enter()
	if shown := k.text(); !strings.Contains(shown, "nothing was deleted") {
		t.Fatalf("without a yes: %s", shown)
	}
	k.to("#yes")
	k.types("yes")
	k.enter()
	if shown := k.text(); !holds(shown, "It is forgotten", "destroyed everything that it held of you: 2 boxes") {
		t.Fatalf("after the erasure: %s", shown)
	}
	k.judged("lost-done")
	k.to("main form[action='/close'] button")
	k.enter()
	check(t, page.Wait())
	if said, err = pty.Run(fresh.command(ctx, "export-mine", filepath.Join(t.TempDir(), "none"), "--receipt", receipt), recovery+"\n"); err != nil || !strings.Contains(string(said), "Wrote 0 boxes") {
		t.Errorf("after the erasure %v: %s", err, said)
	}
	for _, where := range []string{profile, fresh.home} {
		if name := onDisk(t, where, "walrus", "ocelot", recovery); name != "" {
			t.Errorf("%s holds what the page showed", name)
		}
	}
}
