package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe-core judges pages by the rules of accessibility. It is MPL-2.0 and only a tool of this test: it is fetched once, checked
// against its digest, and never part of the repository.
const (
	axeVersion = "axe-core@4.14.1"
	axeFile    = "axe-core-4.14.1.tgz"
	axeSHA512  = "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
)

// axe is the program of axe-core.
func axe(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	must(t, err)
	dir := filepath.Join(cache, "byleave-test")
	must(t, os.MkdirAll(dir, 0o700))
	path := filepath.Join(dir, axeFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		cmd := exec.CommandContext(t.Context(), "npm", "pack", axeVersion, "--silent", "--pack-destination", dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("fetch %s with npm: %v: %s", axeVersion, err, out)
		}
	}
	b, err := os.ReadFile(path)
	must(t, err)
	if sum := sha512.Sum512(b); hex.EncodeToString(sum[:]) != axeSHA512 {
		t.Fatalf("%s is not the file that was pinned; remove it", path)
	}
	unzip, err := gzip.NewReader(bytes.NewReader(b))
	must(t, err)
	for files := tar.NewReader(unzip); ; {
		h, err := files.Next()
		must(t, err)
		if h.Name == "package/axe.min.js" {
			program, err := io.ReadAll(files)
			must(t, err)
			return string(program)
		}
	}
}

// finding is one rule that a page breaks.
type finding struct {
	ID, Impact, Help string
	Where            []string
}

// judge lets axe-core look at the page as it stands.
func judge(t *testing.T, ctx context.Context, program string) []finding {
	t.Helper()
	ask[bool](t, ctx, program+"; true")
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]finding](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => (
		{ID: v.id, Impact: v.impact, Help: v.help, Where: v.nodes.map(n => n.html.slice(0, 160))})))`, chromedp.EvalAwaitPromise))
	must(t, err)
	return found
}

// seen judges the page in light and dark, wide and narrow, and takes its picture in each.
func seen(t *testing.T, ctx context.Context, program, name string) {
	t.Helper()
	photograph(t, ctx, name)
	for _, l := range looks {
		do(t, ctx, l.set())
		for _, f := range judge(t, ctx, program) {
			if f.Impact == "serious" || f.Impact == "critical" {
				t.Errorf("%s, %s: %s (%s): %q", name, l.name, f.Help, f.Impact, f.Where)
			} else {
				t.Logf("%s, %s: %s (%s): %q", name, l.name, f.Help, f.Impact, f.Where)
			}
		}
	}
	if wide := ask[bool](t, ctx, "document.documentElement.scrollWidth > innerWidth"); wide {
		t.Errorf("%s is wider than a small screen", name)
	}
}
