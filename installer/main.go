package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"github.com/byleave/byleave/proto/bundle"
	"github.com/byleave/byleave/proto/verb"
	"github.com/spf13/cobra"
)

// Exit codes: 0 done, 1 failed, 2 misuse.
func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errOut io.Writer) int {
	cmd := command()
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	began := false // what cobra refuses before a verb runs is misuse
	for _, verb := range cmd.Commands() {
		verb.PreRun = func(*cobra.Command, []string) { began = true }
	}
	ran, err := cmd.ExecuteC()
	if err == nil {
		return 0
	}
	var said *exec.ExitError // the agent has said on the same terminal why
	if !errors.As(err, &said) {
		fmt.Fprintln(errOut, "byleave-installer:", verb.Plain(ran, err))
	}
	if !began {
		return 2
	}
	return 1
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:           "byleave-installer",
		Short:         "Install Byleave; it stays inert until you consent",
		Version:       bundle.Version(),
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

// install puts the agent in place and lets it register itself. If that fails, what was there before is there again.
func install(cmd *cobra.Command, from, to string) error {
	if err := allowed(); err != nil {
		return err
	}
	to, err := filepath.Abs(to)
	if err != nil {
		return fmt.Errorf("find the folder for the agent: %w", err)
	}
	target := filepath.Join(to, binary())
	if err := makeFolder(to); err != nil {
		return err
	}
	before, err := os.ReadFile(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the agent that is there: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(from, binary()))
	if err != nil {
		return fmt.Errorf("read the agent (build it with `make build`, or name its folder with --from): %w", err)
	}
	if err := release(cmd, target); err != nil {
		return err
	}
	if err := write(data, target); err != nil {
		return err
	}
	if err := installReader(from, to); err != nil {
		return errors.Join(err, putBack(cmd, before, target))
	}
	if err := agent(cmd, target, "install"); err != nil {
		return errors.Join(err, putBack(cmd, before, target))
	}
	return nil
}

// installReader puts the program that reads lines of pictures beside the agent. The agent does without where there is none.
func installReader(from, to string) error {
	source := filepath.Join(from, reader())
	data, err := os.ReadFile(source)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what reads pictures: %w", err)
	}
	return write(data, filepath.Join(to, reader()))
}

// putBack undoes a copy; the new agent has put the service of the old one back already. Any reader fits any agent.
func putBack(cmd *cobra.Command, before []byte, target string) error {
	if before == nil {
		return remove(target)
	}
	if err := write(before, target); err != nil {
		return err
	}
	return agent(cmd, target, again)
}

func uninstall(cmd *cobra.Command, to string) error {
	target := filepath.Join(to, binary())
	if err := agent(cmd, present(target), "uninstall"); err != nil {
		return err
	}
	return remove(target)
}

func status(cmd *cobra.Command, to string) error {
	return agent(cmd, present(filepath.Join(to, binary())), "status")
}

// present is the installed agent, or the one beside this program if somebody removed it.
func present(target string) string {
	if _, err := os.Stat(target); err == nil {
		return target
	}
	return filepath.Join(besideMe(), binary())
}

// agent runs a verb of the agent, which knows its own service.
func agent(cmd *cobra.Command, path, verb string) error {
	run := exec.CommandContext(cmd.Context(), path, verb)
	run.Stdout, run.Stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
	if err := run.Run(); err != nil {
		return fmt.Errorf("byleave %s: %w", verb, err)
	}
	return nil
}

// remove takes the agent and its reader away, and the folder that was made for them if nothing else lies in it.
func remove(target string) error {
	for _, path := range []string{target, filepath.Join(filepath.Dir(target), reader())} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the agent: %w", err)
		}
	}
	for _, dir := range ours(filepath.Dir(target)) {
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			return nil
		}
		if err := os.Remove(dir); err != nil {
			return fmt.Errorf("remove the folder of the agent: %w", err)
		}
	}
	return nil
}

// write replaces target in one step, so that a running agent keeps the file it was started from.
func write(data []byte, target string) error {
	tmp := target + ".new"
	if err := writeSynced(data, tmp); err != nil {
		return fmt.Errorf("write the agent: %w", err)
	}
	if err := os.Rename(tmp, target); err != nil {
		return errors.Join(fmt.Errorf("put the agent in place: %w", err), os.Remove(tmp))
	}
	return own(target)
}

// writeSynced writes a program that is whole on the disk once it returns: after a power cut half a program would be in the place of one.
func writeSynced(data []byte, path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func binary() string { return program("byleave") }

func reader() string { return program("byleave-ocr") }

func program(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func besideMe() string {
	exe, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(exe)
}
