package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/review"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/spf13/cobra"
)

// browser is a real Chromium with nothing in it. Its folder is its own: processes of it write there when the first one has ended already.
func browser(t *testing.T) context.Context {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	must(t, err)
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(bin), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-GB"),
		chromedp.Flag("allow-pre-commit-input", true), // a press that comes before the first picture of a page is else dropped
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // the browser lives as long as the context of this first call
	return ctx
}

// step is one thing that is done in the browser.
type step = chromedp.Action[chromedp.Void]

func do(t *testing.T, ctx context.Context, steps ...step) {
	t.Helper()
	limit, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Do(limit, steps...); err != nil {
		where, _ := chromedp.Run(ctx, chromedp.Location())
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
		t.Fatalf("%v\nat %s:\n%s", err, where, text)
	}
}

// evaluate is what an expression is in the page.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	must(t, err)
	return v
}

func text(t *testing.T, ctx context.Context) string {
	t.Helper()
	return evaluate[string](t, ctx, "document.body.innerText")
}

// page serves the pages as the command does and returns the address that works once, and what Serve returned in the end.
func page(t *testing.T, mayGive bool) (address string, ended <-chan review.Reason) {
	t.Helper()
	cmd := &cobra.Command{}
	ctx, stop := context.WithCancel(t.Context())
	cmd.SetContext(ctx)
	ready, done := make(chan string, 1), make(chan review.Reason, 1)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		why, err := review.Serve(ctx, review.Options{Desk: reviewDesk(cmd), MayGive: mayGive, Ready: func(a string) { ready <- a }})
		if err != nil {
			t.Error(err)
		}
		done <- why
	}()
	t.Cleanup(func() { stop(); <-stopped })
	return <-ready, done
}

// press clicks on the first button or link with exactly this text and waits for the page that follows.
func press(words string) step {
	return func(ctx context.Context, _ *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.RunResponse(ctx, chromedp.Click(chromedp.Search(`//*[self::button or self::a][normalize-space()="`+words+`"]`)))
		return none, err
	}
}

// tick clicks on a box of the form.
func tick(name, value string) step {
	return chromedp.Click(chromedp.CSS(`input[name="` + name + `"][value="` + value + `"]`))
}

func artefact(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("BYLEAVE_ARTEFACTS")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "byleave-pages")
	}
	must(t, os.MkdirAll(dir, 0o700))
	return filepath.Join(dir, name+".png")
}

// look is one way in which a page is seen.
type look struct {
	name   string
	width  int64
	height int64
	scheme string
}

// media shows the page as on paper or as on a screen, with these features.
func media(kind string, features ...*emulation.MediaFeature) step {
	return func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind, Features: features})
		return none, err
	}
}

var looks = []look{{"1440-light", 1440, 900, "light"}, {"1440-dark", 1440, 900, "dark"}, {"390-light", 390, 844, "light"}, {"390-dark", 390, 844, "dark"}}

func (l look) set() step {
	return chromedp.Steps(chromedp.EmulateViewport(l.width, l.height), media("", &emulation.MediaFeature{Name: "prefers-color-scheme", Value: l.scheme}))
}

// photograph saves the whole page in every look.
func photograph(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	for _, l := range looks {
		do(t, ctx, l.set())
		png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		must(t, err)
		must(t, os.WriteFile(artefact(t, name+"-"+l.name), png, 0o600))
	}
}
