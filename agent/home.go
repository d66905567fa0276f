package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// homeDir is where keys, consent and spool lie: $BYLEAVE_HOME, else the data folder of the person's account.
func homeDir() (string, error) {
	if dir := os.Getenv("BYLEAVE_HOME"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "byleave"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find your home folder; set HOME or BYLEAVE_HOME: %w", err)
	}
	return filepath.Join(home, ".local", "share", "byleave"), nil
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
