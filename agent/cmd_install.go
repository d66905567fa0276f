package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
)

func installCommand() *cobra.Command {
	var hold time.Duration
	cmd := &cobra.Command{
		Use:     "install",
		Short:   "Start the agent whenever you log in; it records nothing until you agree",
		Long:    installLong,
		Example: "  byleave install\n  byleave install --hold 24h   # nothing leaves this computer for a day",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkHold(hold); err != nil {
				return err
			}
			var args []string
			if cmd.Flags().Changed("hold") {
				args = []string{"--hold", hold.String()}
			} else {
				args = service.InstalledArgs() // the person's choice outlives an upgrade
			}
			user, err := thisService(args...)
			if err != nil {
				return err
			}
			if runsByHand(cmd, user) {
				return errors.New("an agent that you started yourself is running; end it with byleave stop, then install")
			}
			if err := user.Install(); err != nil {
				return err
			}
			handOverHere(cmd)
			return sayInstalled(cmd)
		},
	}
	cmd.Flags().DurationVar(&hold, "hold", time.Hour, "how long a sealed batch stays here before it may leave")
	return cmd
}

func uninstallCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "uninstall",
		Short: "Stop the agent and remove its service; your keys and your copy stay",
		Long: "Stops the agent, then removes the service and everything that it made outside its own folder. Keys, consent and your copy of what was\n" +
			"recorded are yours and stay where they are; installed again, the same consent holds. This program itself is left in place.",
		Example: "  byleave uninstall",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			user, err := thisService()
			if err != nil {
				return err
			}
			unreachable := user.Uninstall()
			if unreachable != nil && !errors.Is(unreachable, service.ErrNoManager) {
				return unreachable
			}
			if err := quit(cmd); err != nil {
				return fmt.Errorf("the service is removed, but the agent still runs; end it with: kill its process, or log out: %w", err)
			}
			return sayUninstalled(cmd, unreachable)
		},
	}
}

func startCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "start",
		Short:   "Start the installed agent",
		Example: "  byleave start",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			user, err := thisService()
			if err != nil {
				return err
			}
			if runsByHand(cmd, user) {
				return errors.New("an agent that you started yourself is running; end it with byleave stop")
			}
			home, err := homeDir()
			if err != nil {
				return err
			}
			if err := wish(home); err != nil {
				return err
			}
			if err := user.Start(); err != nil {
				return errors.Join(err, unwish(home))
			}
			if err := answered(cmd, home); err != nil {
				return err
			}
			handOverHere(cmd)
			fmt.Fprintln(cmd.OutOrStdout(), "Started. What is recorded is what you agreed to, nothing else.")
			return nil
		},
	}
}

func stopCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "End the agent until your next login",
		Long: "Ends the agent, also one that you started with byleave run. An installed agent starts again at your next login: to record nothing\n" +
			"for longer, use byleave pause; to be rid of it, byleave uninstall.",
		Example: "  byleave stop",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			user, err := thisService()
			if err != nil {
				return err
			}
			home, err := homeDir()
			if err != nil {
				return err
			}
			if err := unwish(home); err != nil {
				return err
			}
			stopped := user.Stop()
			byHand := errors.Is(stopped, service.ErrNotInstalled)
			if stopped != nil && !byHand && !errors.Is(stopped, service.ErrNoManager) {
				return stopped
			}
			if err := quit(cmd); err != nil {
				return err
			}
			if byHand {
				fmt.Fprintln(cmd.OutOrStdout(), "Stopped. It is not installed, so it stays stopped.")
				return nil
			}
			fmt.Fprintln(cmd.OutOrStdout(), "Stopped. It starts again at your next login, or with: byleave start")
			return nil
		},
	}
}

// thisService is the service of this very program, with the folders that the person chose.
func thisService(args ...string) (service.User, error) {
	exe, err := os.Executable()
	if err != nil {
		return service.User{}, fmt.Errorf("find this program: %w", err)
	}
	env := map[string]string{}
	for _, name := range []string{"BYLEAVE_HOME", "XDG_DATA_HOME"} {
		if dir := os.Getenv(name); dir != "" {
			env[name] = dir
		}
	}
	return service.New(service.Options{Binary: exe, Args: args, Env: env})
}

// runsByHand tells whether an agent runs that the service manager did not start.
func runsByHand(cmd *cobra.Command, user service.User) bool {
	switch user.State() {
	case service.Running, service.Unknown:
		return false
	}
	return call(cmd, "status", nil, nil) == nil
}

// endLimit is how long an agent may take to seal what it holds and end.
const endLimit = 15 * time.Second

// quit ends an agent that still answers, and waits until its process is gone. No agent is no error.
func quit(cmd *cobra.Command) error {
	var q flow.Quit
	if err := call(cmd, "quit", nil, &q); errors.Is(err, control.ErrNotRunning) {
		return nil
	} else if err != nil {
		return err
	}
	return ended(q.Pid)
}

// sayInstalled says what happens now: nothing, or what an earlier consent still allows.
func sayInstalled(cmd *cobra.Command) error {
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, installedWords)
	d, err := openDevice()
	if errors.Is(err, keystore.ErrNotEnrolled) {
		fmt.Fprintln(out, "It records nothing until you enrol (byleave enrol) and agree to something (byleave consent give).")
		return nil
	}
	if err != nil {
		fmt.Fprintf(out, "It records nothing: %v\n", err)
		return nil
	}
	c, err := d.consent()
	if err != nil {
		return err
	}
	if c.IsZero() {
		fmt.Fprintln(out, "It records nothing until you agree to something: byleave consent give")
		return nil
	}
	fmt.Fprintf(out, "You agreed to %q until %s, and that holds again. To end it: byleave consent withdraw\n", c.PurposeID(), c.Expires().Local().Format("2 Jan 2006 15:04"))
	return nil
}

// sayUninstalled names what stays and why, after it swept what an agent leaves in its runtime folder.
func sayUninstalled(cmd *cobra.Command, unreachable error) error {
	socket, err := socketPath()
	if err != nil {
		return err
	}
	home, err := homeDir()
	if err != nil {
		return err
	}
	if err := sweep(filepath.Dir(socket), "control.sock", "control.sock.lock", "session.env"); err != nil {
		return err
	}
	kept, err := keptAt(home)
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	fmt.Fprintln(out, "Stopped and removed. Nothing starts at your next login.")
	if unreachable != nil {
		fmt.Fprintln(out, "The service manager of your account did not answer, so the files were removed without it; it forgets the service when you log out.")
	}
	if kept {
		fmt.Fprintf(out, "Your keys, your consent and your copy of what was recorded stay in %s.\n", home)
		fmt.Fprintln(out, "To erase what was recorded, here and where it was sent, see: byleave forget --help. Keep your recovery code and your receipt until then.")
	}
	return nil
}

// keptAt tells whether home holds anything of the person's. What an agent makes that was never enrolled is nobody's, and goes.
func keptAt(home string) (bool, error) {
	if _, err := os.Lstat(home); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	keys, err := keystore.Open(home)
	if err != nil {
		return true, err
	}
	if keys.Enrolled() {
		return true, nil
	}
	if err := sweep(filepath.Join(home, "spool")); err != nil {
		return true, err
	}
	if err := sweep(home, "lock", "pause", "wall"); err != nil {
		return true, err
	}
	if os.Getenv("BYLEAVE_HOME") == "" { // else the folder above is of the person's making
		if err := errors.Join(sweep(filepath.Dir(home)), sweep(filepath.Dir(filepath.Dir(home)))); err != nil {
			return true, err
		}
	}
	_, err = os.Lstat(home)
	return err == nil, nil
}

// sweep removes files of a folder by name, and the folder if it is empty then.
func sweep(dir string, names ...string) error {
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what the agent left: %w", err)
		}
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) == 0 {
		return os.Remove(dir)
	}
	return nil
}
