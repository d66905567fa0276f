package page

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/chromedp/chromedp"
)

//go:embed words.js
var wordsScript string

// Shot is a page as it was drawn.
type Shot struct {
	Page
	Image image.Image
	PNG   []byte
	Words []Word
}

// Browser draws pages with Chromium.
type Browser struct {
	ctx  context.Context
	end  []func()
	file string
}

// Open starts a browser whose profile lies in dir, which must be there.
func Open(ctx context.Context, dir string) (*Browser, error) {
	bin, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("chromium draws the pages: apt-get install chromium: %w", err)
	}
	ctx, stop := chromedp.NewExecAllocator(ctx, chromedp.ExecPath(bin), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	ctx, cancel := chromedp.NewContext(ctx)
	b := &Browser{ctx: ctx, end: []func(){cancel, stop}, file: filepath.Join(dir, "page.html")}
	if err := chromedp.Do(ctx); err != nil { // the browser lives as long as the context of this first call
		b.Close()
		return nil, fmt.Errorf("start chromium: %w", err)
	}
	return b, nil
}

// Close ends the browser.
func (b *Browser) Close() {
	for _, f := range b.end {
		f()
	}
}

// Draw draws a page.
func (b *Browser) Draw(p Page) (Shot, error) {
	if err := os.WriteFile(b.file, []byte(p.HTML), 0o600); err != nil {
		return Shot{}, err
	}
	s := Shot{Page: p}
	err := chromedp.Do(b.ctx, chromedp.EmulateViewport(int64(p.Width), int64(p.Height), chromedp.EmulateScale(p.Scale)), chromedp.Navigate("file://"+b.file))
	if err != nil {
		return Shot{}, fmt.Errorf("draw %s: %w", p.Name, err)
	}
	words, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]found](wordsScript))
	if err != nil {
		return Shot{}, fmt.Errorf("the words of %s: %w", p.Name, err)
	}
	if s.PNG, err = chromedp.Run(b.ctx, chromedp.CaptureScreenshot()); err != nil {
		return Shot{}, fmt.Errorf("draw %s: %w", p.Name, err)
	}
	if s.Image, err = png.Decode(bytes.NewReader(s.PNG)); err != nil {
		return Shot{}, fmt.Errorf("draw %s: %w", p.Name, err)
	}
	return s, s.place(words)
}

// found is a word as the script in the page found it.
type found struct {
	Text      string     `json:"text"`
	Class     string     `json:"class"`
	Interface bool       `json:"interface"`
	Panel     int        `json:"panel"`
	Pixel     int        `json:"pixel"`
	Box       [4]float64 `json:"box"` // left, top, right, bottom in CSS pixels
}

// place takes the words in pixels of the picture.
func (s *Shot) place(words []found) error {
	for _, f := range words {
		w := Word{Text: f.Text, Class: f.Class, Panel: f.Panel, Pixel: int(float64(f.Pixel) * s.Scale)}
		switch {
		case f.Class != "":
			w.Kind = Sensitive
		case f.Interface:
			w.Kind = Interface
		}
		at := func(i int, round func(float64) float64) int { return int(round(f.Box[i] * s.Scale)) }
		w.Box = image.Rect(at(0, math.Floor), at(1, math.Floor), at(2, math.Ceil), at(3, math.Ceil)).Intersect(s.Image.Bounds())
		if !w.Box.Empty() {
			s.Words = append(s.Words, w)
		}
	}
	if len(s.Words) == 0 {
		return fmt.Errorf("%s shows no words", s.Name)
	}
	return nil
}
