package main

import (
	"os"
	"path/filepath"
	"strconv"
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

// otherSockets are where else an agent of this account may listen: one that was started in a session with another environment than ours.
func otherSockets() ([]string, error) {
	if os.Getenv("BYLEAVE_HOME") != "" { // then both have the same
		return nil, nil
	}
	home, err := homeDir()
	return []string{filepath.Join(home, "run", "control.sock"), filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "byleave", "control.sock")}, err
}
