package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/installer/keeper"
	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
)

const (
	installLong = "Registers this program as a service of this computer and starts it, which needs an administrator once. The service records nothing: it starts\n" +
		"an agent for people who enrolled themselves (byleave enrol), in their own session, and for nobody else. Installed again, it is started anew\n" +
		"with this program, for example after an upgrade."
	installedWords = "Installed for this computer, and started. It starts an agent for people who enrolled themselves, whenever they log in, and for nobody else."
)

// folder is the agent's in the folder for data of programs that do not follow the person to other computers.
const folder = "Byleave"

// usualHome lies in the person's profile, which Windows opens to nobody else but the system and administrators.
func usualHome() (string, error) {
	local, err := windows.KnownFolderPath(windows.FOLDERID_LocalAppData, 0)
	if err != nil {
		return "", fmt.Errorf("find your folder for data of programs; set BYLEAVE_HOME: %w", err)
	}
	return filepath.Join(local, folder), nil
}

// systemVerbs are verbs that only this system has.
func systemVerbs() []*cobra.Command {
	return []*cobra.Command{{
		Use:   service.Verb,
		Short: "What Windows starts as the service; not for people",
		Long: "Windows starts this with the rights of the system. It records nothing, holds no key and opens nobody's files: in the session of everybody\n" +
			"who enrolled themselves it starts byleave run as them, and ends it when the service ends.",
		Example: "  byleave install   # tells Windows of it",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return keeper.Run(service.Name, service.Again, look) },
	}}
}

// look tells whether a person enrolled, and whether they asked for their agent. The service asks it with the rights of that person.
func look(env func(string) string, local string) (enrolled, asked bool) {
	home := chosenHome(env)
	if home == "" {
		home = filepath.Join(local, folder)
	}
	_, err := os.Lstat(filepath.Join(home, keeper.Wish))
	return keystore.Has(home), err == nil
}

// kept ends the agent with the service that started it. What the person wished for is done.
func kept(ctx context.Context, home string) context.Context {
	_ = unwish(home) // a wish that stays is taken back by the next byleave start or stop, which say so if they cannot
	return keeper.Kept(ctx)
}

// wish notes in the person's own folder that they want their agent, where the service looks.
func wish(home string) error {
	if !keystore.Has(home) {
		return keystore.ErrNotEnrolled
	}
	if err := os.WriteFile(filepath.Join(home, keeper.Wish), nil, 0o600); err != nil {
		return fmt.Errorf("ask for your agent: %w", err)
	}
	return nil
}

// unwish takes that back.
func unwish(home string) error {
	if err := os.Remove(filepath.Join(home, keeper.Wish)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no longer ask for your agent: %w", err)
	}
	return nil
}

// answered waits until the agent that the service starts answers. Then the wish is fulfilled, also if it ran before.
func answered(cmd *cobra.Command, home string) (err error) {
	defer func() { err = errors.Join(err, unwish(home)) }()
	for limit := time.Now().Add(endLimit); call(cmd, "status", nil, nil) != nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			return errors.New("the service was asked for your agent, and it does not answer; see why with: byleave run")
		}
	}
	return nil
}

// ended waits until a process that was asked to end is gone.
func ended(pid int) error {
	h, err := windows.OpenProcess(windows.SYNCHRONIZE, false, uint32(pid))
	if err != nil {
		return nil // it is gone
	}
	defer windows.CloseHandle(h)
	event, err := windows.WaitForSingleObject(h, uint32(endLimit.Milliseconds()))
	if err != nil || event != windows.WAIT_OBJECT_0 {
		return fmt.Errorf("process %d does not end", pid)
	}
	return nil
}
