package axe

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/chromedp/chromedp"
)

const (
	version = "axe-core@4.14.1"
	file    = "axe-core-4.14.1.tgz"
	digest  = "1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5"
)

// Program is axe-core, to be given to Judge.
func Program(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache: %w", err)
	}
	dir := filepath.Join(cache, "byleave-test")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the cache: %w", err)
	}
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		cmd := exec.CommandContext(ctx, "npm", "pack", version, "--silent", "--pack-destination", dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("fetch %s with npm: %w: %s", version, err, out)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read axe-core: %w", err)
	}
	if sum := sha512.Sum512(b); hex.EncodeToString(sum[:]) != digest {
		return "", fmt.Errorf("%s is not the file that was pinned; remove it", path)
	}
	unzip, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return "", fmt.Errorf("unpack axe-core: %w", err)
	}
	for files := tar.NewReader(unzip); ; {
		h, err := files.Next()
		if err != nil {
			return "", fmt.Errorf("unpack axe-core: %w", err)
		}
		if h.Name == "package/axe.min.js" {
			program, err := io.ReadAll(files)
			return string(program), err
		}
	}
}

// Finding is one rule that a page breaks.
type Finding struct {
	ID, Impact, Help string
	Where            []string
}

// IsSerious tells that it keeps somebody out.
func (f Finding) IsSerious() bool { return f.Impact == "serious" || f.Impact == "critical" }

// Judge lets axe-core look at the page as it stands in the browser of tab.
func Judge(tab context.Context, program string) ([]Finding, error) {
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](program+"; true")); err != nil {
		return nil, fmt.Errorf("start axe-core: %w", err)
	}
	found, err := chromedp.Run(tab, chromedp.Evaluate[[]Finding](`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => (
		{ID: v.id, Impact: v.impact, Help: v.help, Where: v.nodes.map(n => n.html.slice(0, 160))})))`, chromedp.EvalAwaitPromise))
	if err != nil {
		return nil, fmt.Errorf("judge a page: %w", err)
	}
	return found, nil
}
