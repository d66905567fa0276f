//go:build !windows

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

const (
	installLong = "Registers this program as a service of your own account and starts it. It needs no administrator and refuses to be one: consent is\n" +
		"personal. Installed again, it is started anew with this program, for example after an upgrade."
	installedWords = "Installed for you alone, and started. It starts again whenever you log in."
)

// usualHome is the data folder of the person's account.
func usualHome() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find your home folder; set HOME or BYLEAVE_HOME: %w", err)
	}
	return filepath.Join(home, ".local", "share", "byleave"), nil
}

// kept is ctx: a service of one's own ends the agent with a signal.
func kept(ctx context.Context, _ string) context.Context { return ctx }

// wish has nothing to note: the service manager of the account starts what it is told to.
func wish(string) error { return nil }

// unwish has nothing to take back.
func unwish(string) error { return nil }

// answered has nothing to wait for: the service manager returns once the agent answers.
func answered(*cobra.Command, string) error { return nil }

// systemVerbs are verbs that only this system has: none.
func systemVerbs() []*cobra.Command { return nil }
