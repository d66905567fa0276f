package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/agent/internal/flow"
)

// TestVerbsLookElsewhere: before a verb says that no agent runs it has asked wherever an agent of this account can be, also one that was
// started in a session with another environment. A pause there pauses that one.
func TestVerbsLookElsewhere(t *testing.T) {
	dir, err := os.MkdirTemp("", "byleave-") // the path of a socket must be short
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	t.Setenv("BYLEAVE_HOME", "")
	t.Setenv("XDG_DATA_HOME", dir)
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(dir, "other"))
	says := func(verb string) (string, error) {
		var out strings.Builder
		cmd := command()
		cmd.SetOut(&out)
		cmd.SetArgs([]string{verb})
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if out, err := says("status"); err == nil || !strings.HasPrefix(out, "Nothing is recorded.\n") {
		t.Errorf("no agent: %q, %v", out, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		home := filepath.Join(dir, "byleave")
		done <- flow.Run(ctx, flow.Config{Home: home, Socket: filepath.Join(home, "run", "control.sock"), Hold: time.Hour, Log: slog.New(slog.DiscardHandler), Ready: func() { close(ready) }})
	}()
	select {
	case <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	for _, c := range []struct{ verb, want string }{
		{"status", "off: "}, {"pause", "Paused until you resume.\n"}, {"resume", "Resumed. "},
	} {
		if out, err := says(c.verb); err != nil || !strings.HasPrefix(out, c.want) {
			t.Errorf("%s, an agent of another environment: %q, %v", c.verb, out, err)
		}
	}
	stop()
	must(t, <-done)
}
