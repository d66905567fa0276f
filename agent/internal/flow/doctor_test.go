package flow

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
)

// saysOf is what the doctor says of the boxes.
func saysOf(t *testing.T, cfg Config) Check {
	t.Helper()
	for _, c := range Examine(t.Context(), cfg) {
		if c.Name == "boxes" {
			return c
		}
	}
	t.Fatal("the doctor does not look at boxes")
	return Check{}
}

// TestDoctorMendsBoxes: while no agent runs the doctor finds a damaged box and changes nothing, until it is asked to repair; then the box is
// set aside, nothing is destroyed, and the next agent still hears that the last one did not end cleanly.
func TestDoctorMendsBoxes(t *testing.T) {
	first := version(5, always)
	a := device(t, first)
	a.agree(t, first)
	check(t, a.spool.Append(redact.NewGap(time.Now(), time.Now().Add(time.Second), policy.Blind)))
	cfg := Config{Home: a.cfg.Home, Socket: filepath.Join(t.TempDir(), "none")}
	if _, err := Repair(cfg); err == nil || !strings.Contains(err.Error(), "byleave stop") {
		t.Fatalf("repaired beside an agent: %v", err)
	}
	check(t, a.spool.Close())
	dir := filepath.Join(a.cfg.Home, "spool")
	held, err := filepath.Glob(filepath.Join(dir, "*.box"))
	check(t, err)
	if len(held) != 1 {
		t.Fatalf("%d boxes", len(held))
	}
	if got := saysOf(t, cfg); !got.OK || !strings.HasPrefix(got.Words, "waiting to leave: 1,") {
		t.Errorf("well: %+v", got)
	}
	raw, err := os.ReadFile(held[0])
	check(t, err)
	raw[len(raw)-1] ^= 1
	check(t, os.WriteFile(held[0], raw, 0o600))
	if got := saysOf(t, cfg); got.OK || !strings.Contains(got.Words, "doctor --repair") {
		t.Errorf("damaged: %+v", got)
	}
	if _, err := os.Stat(held[0]); err != nil {
		t.Fatalf("the doctor changed something: %v", err)
	}
	words, err := Repair(cfg)
	if err != nil || !strings.HasPrefix(words, "set aside: 1 file; waiting to leave: 0 boxes") {
		t.Fatalf("repair: %q, %v", words, err)
	}
	if got := saysOf(t, cfg); !got.OK || !strings.Contains(got.Words, "set aside because damaged, foreign or refused: 1;") {
		t.Errorf("mended: %+v", got)
	}
}

// TestRepairKeepsTheTraceOfACrash: what an agent lost when it died is still told by the next one.
func TestRepairKeepsTheTraceOfACrash(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "spool")
	quiet := slog.New(slog.DiscardHandler)
	first, _, err := spool.Open(dead{spool.OS()}, dir, quiet)
	check(t, err)
	_ = first // it died: nothing was closed
	if r, err := spool.Repair(spool.OS(), dir, quiet); err != nil || r.Lost.IsZero() {
		t.Fatalf("repair: %+v, %v", r, err)
	}
	s, r, err := spool.Open(spool.OS(), dir, quiet)
	check(t, err)
	if r.Lost.IsZero() {
		t.Error("the repair hid what was lost")
	}
	check(t, s.Close())
	if r, err := spool.Repair(spool.OS(), dir, quiet); err != nil || !r.Lost.IsZero() {
		t.Errorf("after a clean end: %+v, %v", r, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "session")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a repair after a clean end looks like an agent that died")
	}
}

// dead is the disk of an agent that dies: it holds no lock any more.
type dead struct{ spool.FS }

// Lock takes nothing.
func (dead) Lock(string) (io.Closer, error) { return os.Open(os.DevNull) }
