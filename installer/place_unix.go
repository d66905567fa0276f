//go:build !windows

package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
)

// again is the verb with which an agent that was put back runs again.
const again = "start"

// allowed refuses root: everybody installs for themselves.
func allowed() error {
	if os.Getuid() == 0 {
		return service.ErrRoot
	}
	return nil
}

// defaultBin lies in the person's own account.
func defaultBin() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	return filepath.Join(home, ".local", "bin")
}

// ours are the folders that install can make for an agent in dir, deepest first.
func ours(dir string) []string {
	if dir == defaultBin() {
		return []string{dir, filepath.Dir(dir)}
	}
	return []string{dir}
}

func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for the agent: %w", err)
	}
	return nil
}

// release has nothing to do: a program that runs keeps its file, and the agent replaces its service by itself.
func release(*cobra.Command, string) error { return nil }

// own has nothing to do: the program is the person's.
func own(string) error { return nil }
