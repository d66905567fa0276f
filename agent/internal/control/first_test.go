//go:build !byleave_wine

package control

import (
	"errors"
	"testing"
)

// TestSecondAgentIsRefused: Wine lets anybody open a second pipe of one name, so there it shows nothing.
func TestSecondAgentIsRefused(t *testing.T) {
	path, _ := serve(t, map[string]Verb{"echo": {Do: echo}})
	if err := Serve(t.Context(), path, nil, discard, nil); !errors.Is(err, ErrRunning) {
		t.Fatalf("a second agent: %v", err)
	}
	if err := Call(t.Context(), path, "echo", nil, nil); err != nil {
		t.Fatalf("the first agent no longer answers: %v", err)
	}
}
