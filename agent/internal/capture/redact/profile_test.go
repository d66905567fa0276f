package redact

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkTexts searches the texts that BYLEAVE_TEXTS names, a space between them, in blocks as the command does. `make profile` watches it.
func BenchmarkTexts(b *testing.B) {
	var blocks [][]byte
	size := 0
	for name := range strings.FieldsSeq(os.Getenv("BYLEAVE_TEXTS")) {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		size += len(text)
		for len(text) > 0 {
			n := min(len(text), 16<<10)
			blocks, text = append(blocks, text[:n]), text[n:]
		}
	}
	if size == 0 {
		b.Fatal("BYLEAVE_TEXTS names no text")
	}
	r, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(size))
	var net []byte
	for b.Loop() {
		for _, block := range blocks {
			net = r.AppendNet(net[:0], block)
		}
	}
}

// TestProfileIsNamed holds that the profile by which the Makefile builds this package is named by its digest. The go command does not look into it, so a profile that
// changed under its old name would give other programs here than elsewhere.
func TestProfileIsNamed(t *testing.T) {
	names, err := filepath.Glob("hot-*.pgo")
	if err != nil || len(names) != 1 {
		t.Fatalf("there must be one profile: %q, %v", names, err)
	}
	profile, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(profile)
	if want := "hot-" + hex.EncodeToString(sum[:4]) + ".pgo"; names[0] != want {
		t.Errorf("%s must be called %s", names[0], want)
	}
	const inside = "github.com/byleave/byleave/agent/internal/capture/redact."
	for line := range strings.Lines(string(profile)) {
		if strings.Contains(line, "/") && !strings.HasPrefix(line, inside) {
			t.Errorf("it tells of more than this package: %s", line)
		}
	}
}
