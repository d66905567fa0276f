package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
)

// TestStatusLooksElsewhere: before status says that nothing is recorded it has asked wherever an agent of this account can be, also
// one that was started in a session with another environment.
func TestStatusLooksElsewhere(t *testing.T) {
	dir, err := os.MkdirTemp("", "byleave-") // the path of a socket must be short
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	t.Setenv("BYLEAVE_HOME", "")
	t.Setenv("XDG_DATA_HOME", dir)
	t.Setenv("XDG_RUNTIME_DIR", filepath.Join(dir, "other"))
	says := func() (string, error) {
		var out strings.Builder
		cmd := statusCommand()
		cmd.SetOut(&out)
		cmd.SetArgs([]string{})
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if out, err := says(); err == nil || !strings.HasPrefix(out, "Nothing is recorded.\n") {
		t.Errorf("no agent: %q, %v", out, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		verb := control.Verb{Do: func(context.Context, json.RawMessage) (any, error) {
			return flow.Status{State: "recording", Words: "Mousepad"}, nil
		}}
		done <- control.Serve(ctx, filepath.Join(dir, "byleave", "run", "control.sock"), map[string]control.Verb{"status": verb}, slog.New(slog.DiscardHandler), func() { close(ready) })
	}()
	<-ready
	if out, err := says(); err != nil || !strings.HasPrefix(out, "recording: Mousepad\n") {
		t.Errorf("an agent of another environment: %q, %v", out, err)
	}
	stop()
	must(t, <-done)
}
