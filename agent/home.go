package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/byleave/byleave/agent/internal/control"
)

// homeDir is where keys, consent and spool lie: $BYLEAVE_HOME, else the data folder of the person's account.
func homeDir() (string, error) {
	if dir := chosenHome(os.Getenv); dir != "" {
		return dir, nil
	}
	return usualHome()
}

// chosenHome is the folder that the person of an environment chose, or "".
func chosenHome(env func(string) string) string {
	if dir := env("BYLEAVE_HOME"); dir != "" {
		return dir
	}
	if dir := env("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "byleave")
	}
	return ""
}

// socketPath is the control socket: in the session's runtime folder, else beside the keys; both belong to the person alone.
func socketPath() (string, error) {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" && os.Getenv("BYLEAVE_HOME") == "" {
		return filepath.Join(dir, "byleave", "control.sock"), nil
	}
	home, err := homeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, "run", "control.sock"), nil
}

// agentSocket is where the agent of this account answers: every verb goes there. One that was started in a session with another environment listens
// elsewhere, and whoever pauses pauses that one. Where none answers it is our own place.
func agentSocket(ctx context.Context) (string, error) {
	own, err := socketPath()
	if err != nil || os.Getenv("BYLEAVE_HOME") != "" { // whoever chose a folder means the agent of that folder
		return own, err
	}
	home, err := homeDir()
	if err != nil {
		return "", err
	}
	for _, socket := range []string{own, filepath.Join(home, "run", "control.sock"), filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "byleave", "control.sock")} {
		if control.Knows(ctx, socket, "status") {
			return socket, nil
		}
	}
	return own, nil
}
