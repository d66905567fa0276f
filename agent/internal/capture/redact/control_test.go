//go:build byleave_disconnected

package redact

import (
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
)

// TestControl sees to it that the control build lets planted values through, and says what it is.
// Run it alone: go test -tags byleave_disconnected -run TestControl
func TestControl(t *testing.T) {
	r := newRedactor(t)
	if !Disconnected || !strings.HasPrefix(r.Version(), "DISCONNECTED") {
		t.Fatalf("version is %q", r.Version())
	}
	if got := nets(append(typeText(t, r, "pay 4539 1488 0343 6467"), r.Flush()...)); got != "pay 4539 1488 0343 6467\n" {
		t.Errorf("got %q", got)
	}
	if got := r.title("to jane@example.com"); got != "to jane@example.com" {
		t.Errorf("title is %q", got)
	}
	th := themes[0]
	s := textStep(t, 7, nil)
	s.Kind, s.Before = raw.Click, shotOf(page(th, faces(t)["mono 14"], 400, 120))
	if f := r.Apply(raw.Wrap(s))[0].Frames(); len(f) != 1 || strokes(decode(t, f[0].Image), th.bg) < 500 {
		t.Error("the picture is masked")
	}
}
