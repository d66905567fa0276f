package main

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/collector/internal/dash"
	"github.com/byleave/byleave/e2e/axe"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is a real Chromium with nothing in it. Its folder is its own: processes of it write there when the first one has ended already.
func browser(t *testing.T) context.Context {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	must(t, err)
	ctx, stop := chromedp.NewExecAllocator(t.Context(),
		chromedp.ExecPath(bin), chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Headless,
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "en-GB"))
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	must(t, chromedp.Do(ctx)) // the browser lives as long as the context of this first call
	return ctx
}

type step = chromedp.Action[chromedp.Void]

func do(t *testing.T, ctx context.Context, steps ...step) {
	t.Helper()
	limit, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	must(t, chromedp.Do(limit, steps...))
}

// evaluate is what an expression is in the page.
func evaluate[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	must(t, err)
	return v
}

// look is one way in which the page is seen.
type look struct {
	name          string
	width, height int64
	scheme        string
}

var looks = []look{{"1280-light", 1280, 900, "light"}, {"1280-dark", 1280, 900, "dark"}, {"390-light", 390, 844, "light"}, {"390-dark", 390, 844, "dark"}}

func (l look) set() step {
	scheme := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: l.scheme}}
	return chromedp.Steps(chromedp.EmulateViewport(l.width, l.height), func(ctx context.Context, t *chromedp.Target) (none chromedp.Void, err error) {
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: scheme})
		return none, err
	})
}

// picture takes the whole page and keeps it for whoever looks.
func picture(t *testing.T, ctx context.Context, name string) []byte {
	t.Helper()
	shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	must(t, err)
	dir := os.Getenv("BYLEAVE_ARTEFACTS")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "byleave-pages")
	}
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600))
	return shot
}

// seen judges the page in these looks: axe-core finds nothing serious, and nothing is wider than the screen.
func seen(t *testing.T, ctx context.Context, program, name string, in ...look) {
	t.Helper()
	for _, l := range in {
		do(t, ctx, l.set())
		picture(t, ctx, name+"-"+l.name)
		found, err := axe.Judge(ctx, program)
		must(t, err)
		for _, f := range found {
			if f.IsSerious() {
				t.Errorf("%s, %s: %s (%s): %q", name, l.name, f.Help, f.Impact, f.Where)
			}
		}
		if wide := evaluate[int64](t, ctx, "document.documentElement.scrollWidth"); wide > l.width {
			t.Errorf("%s, %s: the page is %d wide", name, l.name, wide)
		}
	}
	levels := evaluate[[]int](t, ctx, `[...document.querySelectorAll("h1, h2, h3, h4")].map(h => Number(h.tagName[1]))`)
	for i, l := range levels {
		if i == 0 && l != 1 || i > 0 && (l > levels[i-1]+1 || l == 1) {
			t.Errorf("%s: headings are out of order: %v", name, levels)
			break
		}
	}
}

// served is a page that shows view, and its address.
func served(t *testing.T, view func() dash.View) string {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(done)
		if _, err := dash.Serve(ctx, dash.Options{Look: func(context.Context) dash.View { return view() }, Ready: func(a string) { ready <- a }}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	return <-ready
}

const hostileName = "<img src=x onerror=alert(1)>\u202e" + `"' `

// crowded is a view with as much as the page may have to bear, in names that their authors did not mean well.
func crowded(now time.Time) dash.View {
	name := hostileName + strings.Repeat("wordwithoutend", 25)
	v := dash.View{Dir: "/srv/" + name, Version: name, Now: now, Running: true, Ready: name, Ends: now.AddDate(0, 0, 3), PolicyTrouble: name,
		Checks: []dash.Check{{What: "vault", Says: name, Remedy: name}, {What: "signing", OK: true, Warn: true, Says: name}, {What: "ca", OK: true, Says: name}}}
	for ago := range 90 {
		v.Days = append(v.Days, dash.Day{Day: now.UTC().Truncate(24*time.Hour).AddDate(0, 0, ago-90), People: 12_340, Boxes: 9_876_540, MiB: 1 << 26})
	}
	v.Ledger.Leaves = 1 << 40
	for i := range 40 {
		v.Ledger.Reads = append(v.Ledger.Reads, dash.Read{Hour: now.AddDate(0, 0, i-40), Custodian: name, Purpose: name, Boxes: 9_876_540, MiB: 1 << 20, Window: "whatever had arrived"})
	}
	return v
}

// TestDashPages looks at the page in Chromium: of a collector that never ran, of one that is fresh, of one that has lived, and of names that are hostile. Then the keyboard alone goes through it.
func TestDashPages(t *testing.T) {
	program, err := axe.Program(t.Context())
	must(t, err)
	now := time.Now()
	dir := filepath.Join(t.TempDir(), "byleave")
	must(t, exec.Command("byleave-collector", "init", "--dir", dir).Run())
	d := desk{home: home(dir), now: time.Now}
	bad := false
	address := served(t, func() dash.View {
		if bad {
			return crowded(now)
		}
		v := d.look(t.Context())
		v.Dir = "/srv/byleave" // the same on every machine
		return v
	})
	ctx := browser(t)
	do(t, ctx, chromedp.Navigate(address))
	seen(t, ctx, program, "dash-never-ran", looks[1])
	var days []lived
	for ago := 61; ago >= 1; ago-- {
		weekday := now.UTC().AddDate(0, 0, -ago).Weekday()
		switch {
		case weekday == time.Saturday || weekday == time.Sunday:
			days = append(days, lived{ago, 4, 1, 1000})
		case ago > 50:
			days = append(days, lived{ago, 9, 2, 1000})
		default:
			days = append(days, lived{ago, 20 + (50-ago)/2 + ago*7%9, 1 + ago*5%3, 20_000 + ago*13%7*3000})
		}
	}
	r := startCollector(t, dir)
	do(t, ctx, chromedp.Reload())
	seen(t, ctx, program, "dash-fresh", looks[2])
	r.kill(t)
	live(t, dir, now, days, releases{20, "Works council", "computer-use-training"}, releases{6, "Data team", "computer-use-training"}, releases{1, "Works council", "computer-use-training"})
	publish(t, dir, "7", "30")
	must(t, os.Rename(home(dir).path(policyKeyName), filepath.Join(t.TempDir(), policyKeyName))) // as a good operator does
	r = startCollector(t, dir)
	do(t, ctx, chromedp.Reload())
	seen(t, ctx, program, "dash", looks...)
	intoDocs(t, ctx)
	throughByKeyboard(t, ctx)
	bad = true
	do(t, ctx, chromedp.Reload())
	unfold := chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach(d => d.open = true)`)
	do(t, ctx, unfold)
	seen(t, ctx, program, "dash-hostile", looks[3])
	if n := evaluate[int](t, ctx, `document.querySelectorAll("img, script").length`); n != 0 {
		t.Error("a name became a part of the page")
	}
	if rows := evaluate[int](t, ctx, `document.querySelectorAll("tbody tr").length`); rows != 90 {
		t.Errorf("%d days in the table", rows)
	}
	r.kill(t)
}

// throughByKeyboard presses tab until every place of the page had the focus and showed it, and opens what is folded.
func throughByKeyboard(t *testing.T, ctx context.Context) {
	t.Helper()
	do(t, ctx, chromedp.Evaluate[chromedp.Void](`document.activeElement.blur()`))
	var stops []string
	for range 40 {
		do(t, ctx, chromedp.KeyEvent(kb.Tab))
		at := evaluate[[]string](t, ctx, `(e => [e.innerText.trim(), e.tagName, getComputedStyle(e).outlineStyle, e.getBoundingClientRect().width > 0 ? "" : "hidden"])(document.activeElement)`)
		if at[1] == "BODY" {
			break
		}
		if at[2] == "none" || at[3] != "" {
			t.Errorf("%q has the focus and does not show it: %v", at[0], at)
		}
		if at[1] == "SUMMARY" {
			do(t, ctx, chromedp.KeyEvent(kb.Enter))
		}
		stops = append(stops, at[0])
	}
	if !slices.Contains(stops, "Go to the content") || evaluate[int](t, ctx, `document.querySelectorAll("details:not([open])").length`) != 0 {
		t.Errorf("the keyboard does not reach everything: %q", stops)
	}
}

// intoDocs makes docs/images/dash.png of what is seen: the top of the page, and beside it the days and what follows. Only with BYLEAVE_GENERATE:
// the documents show what a run of these tests saw.
func intoDocs(t *testing.T, ctx context.Context) {
	t.Helper()
	if os.Getenv("BYLEAVE_GENERATE") == "" {
		return
	}
	do(t, ctx, looks[0].set())
	page, err := png.Decode(bytes.NewReader(picture(t, ctx, "dash-docs")))
	must(t, err)
	days := evaluate[int](t, ctx, `Math.round(document.querySelector("#days").getBoundingClientRect().top + scrollY)`)
	const tall, margin, left, body, right = 1010, 8, 100, 400, 1104
	sheet := image.NewRGBA(image.Rect(0, 0, right-left+right-body+3*margin, tall+2*margin))
	draw.Draw(sheet, sheet.Bounds(), image.NewUniform(color.RGBA{139, 141, 152, 255}), image.Point{}, draw.Src)
	draw.Draw(sheet, image.Rect(margin, margin, margin+right-left, margin+tall), page, image.Pt(left, 0), draw.Src)
	draw.Draw(sheet, image.Rect(2*margin+right-left, margin, sheet.Bounds().Dx()-margin, margin+tall), page, image.Pt(body, days-24), draw.Src)
	var out bytes.Buffer
	must(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, sheet))
	must(t, os.WriteFile("../docs/images/dash.png", out.Bytes(), 0o644))
}
