package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/byleave/byleave/installer/service"
	"github.com/spf13/cobra"
)

func main() {
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "byleave-installer:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "byleave-installer",
		Short:         "Install Byleave for yourself; it stays inert until you consent",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	var from, to string
	root.PersistentFlags().StringVar(&to, "to", defaultBin(), "folder for the agent")
	install := &cobra.Command{
		Use: "install", Short: "Copy the agent and start it with your session", Args: cobra.NoArgs,
		Example: "  byleave-installer install --from ./bin",
		RunE:    func(cmd *cobra.Command, _ []string) error { return install(cmd, from, to) },
	}
	install.Flags().StringVar(&from, "from", besideMe(), "folder that holds the byleave binary")
	root.AddCommand(install,
		&cobra.Command{
			Use: "uninstall", Short: "Stop the agent and remove it; your keys and your copy stay", Args: cobra.NoArgs,
			Example: "  byleave-installer uninstall",
			RunE:    func(cmd *cobra.Command, _ []string) error { return uninstall(cmd, to) },
		},
		&cobra.Command{
			Use: "status", Short: "Say whether it is installed and running", Args: cobra.NoArgs,
			Example: "  byleave-installer status",
			RunE:    func(cmd *cobra.Command, _ []string) error { return status(cmd, to) },
		})
	return root
}

func install(cmd *cobra.Command, from, to string) error {
	target := filepath.Join(to, binary())
	if err := os.MkdirAll(to, 0o755); err != nil {
		return fmt.Errorf("make the folder for the agent: %w", err)
	}
	user, err := service.New(target)
	if err != nil {
		return err
	}
	_, before := os.Stat(target)
	if err := copyFile(filepath.Join(from, binary()), target); err != nil {
		return err
	}
	if err := user.Install(); err != nil {
		if os.IsNotExist(before) {
			err = errors.Join(err, os.Remove(target))
		}
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "Installed for you alone, and started. It records nothing until you run: %s consent give\n", target)
	return nil
}

func uninstall(cmd *cobra.Command, to string) error {
	target := filepath.Join(to, binary())
	user, err := service.New(target)
	if err != nil {
		return err
	}
	if err := user.Uninstall(); err != nil {
		return err
	}
	if err := os.Remove(target); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("remove the agent: %w", err)
	}
	fmt.Fprintln(cmd.OutOrStdout(), "Stopped and removed. Your keys and your copy of what was recorded stay where they were.")
	return nil
}

func status(cmd *cobra.Command, to string) error {
	user, err := service.New(filepath.Join(to, binary()))
	if err != nil {
		return err
	}
	words, err := user.Status()
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.OutOrStdout(), words)
	return nil
}

// copyFile replaces target in one step, so that a running agent keeps the file it was started from.
func copyFile(from, target string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read the agent (build it with `make build`, or name its folder with --from): %w", err)
	}
	tmp := target + ".new"
	if err := os.WriteFile(tmp, data, 0o755); err != nil {
		return fmt.Errorf("write the agent: %w", err)
	}
	if err := os.Rename(tmp, target); err != nil {
		return fmt.Errorf("put the agent in place: %w", err)
	}
	return nil
}

func binary() string {
	if runtime.GOOS == "windows" {
		return "byleave.exe"
	}
	return "byleave"
}

func defaultBin() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	return filepath.Join(home, ".local", "bin")
}

func besideMe() string {
	exe, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(exe)
}
