package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/bundle"
	"github.com/spf13/cobra"
)

func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong with this collector and what to do; with --bundle, write that down for whoever helps you",
		Long: "Looks at the folder and asks the collector that runs in it. Nothing is sent anywhere. A bundle is one text file: read it before you\n" +
			"share it. It is made of what is listed here and of nothing else, and has no key, no id, no name of a person or machine, no path, no\n" +
			"address and no count of people or boxes.",
		Example: "  byleave-collector doctor --dir /srv/byleave\n" +
			"  byleave-collector doctor --dir /srv/byleave --bundle help.txt",
		Args: cobra.NoArgs,
	}
	dir := dirFlag(cmd)
	file := cmd.Flags().String("bundle", "", "write what was found to this new file")
	ready := cmd.Flags().Bool("ready", false, "only ask the collector that runs whether it takes boxes: for supervisors, by the exit code")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		abs, err := filepath.Abs(*dir) // the whole path, so that hide finds it and nothing else
		if err != nil {
			return fmt.Errorf("find the folder: %w", err)
		}
		h, err := openHome(abs)
		if err != nil {
			return err
		}
		if *ready {
			says, err := askHealth(cmd.Context(), h, "/ready")
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), says)
			}
			return err
		}
		parts, bad := examineHome(cmd.Context(), h)
		if *file == "" {
			fmt.Fprint(cmd.OutOrStdout(), bundle.Text(parts))
		} else if err := bundle.Save(cmd.OutOrStdout(), *file, parts); err != nil {
			return err
		}
		if bad > 0 {
			return fmt.Errorf("%s failed", policy.Count(bad, "check"))
		}
		return nil
	}
	return cmd
}

func examineHome(ctx context.Context, h home) (out []bundle.Part, bad int) {
	program := bundle.Part{Name: "program", What: "version of this program and of Go, kind of system", Lines: []string{"byleave-collector " + bundle.Version()}}
	files := bundle.Part{Name: "files", What: "the files that every collector has, with mode and size in MiB; no content", Lines: fileLines(h)}
	checks := bundle.Part{Name: "checks", What: "whether keys, policy and limits are in order, without their content"}
	found, bad := checkAll(ctx, h, quickChecks)
	for _, f := range found {
		checks.Lines = append(checks.Lines, fmt.Sprintf("%-4s %-8s %s", f.verdict(), f.What, h.hide(f.Says)))
	}
	running := bundle.Part{Name: "running", What: "whether a collector runs here, is healthy and ready"}
	for _, path := range []string{"/healthy", "/ready"} {
		says, err := askHealth(ctx, h, path)
		if err != nil {
			says = h.hide(err.Error())
		}
		running.Lines = append(running.Lines, path+": "+says)
	}
	return []bundle.Part{program, files, checks, running}, bad
}

// homeFiles is what may lie in a collector's folder. Other names may say something and are not written down.
var homeFiles = []string{"ca.key", "ca.crt", "vault.key", "ledger.key", policyKeyName, policyPublicName, policyName, limitsName, cloudName, addressName,
	"index.db", "index.db-wal", "index.suspect", "lock", "policy.lock", "packs", "keys", "erasures", "policies", clockName, "ledger", "damaged", socketName, healthName}

// fileLines lists the files. Sizes are whole MiB; that of the folders is not told, because their files are counted by people.
func fileLines(h home) (out []string) {
	for _, name := range append([]string{"."}, homeFiles...) {
		info, err := os.Lstat(h.path(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			out = append(out, name+": cannot be looked at")
		case info.IsDir():
			out = append(out, fmt.Sprintf("%s %s", info.Mode(), name))
		default:
			out = append(out, fmt.Sprintf("%s %s %d MiB", info.Mode(), name, info.Size()>>20))
		}
	}
	return out
}

// hide takes the folder's path out of a sentence: it may hold a name.
func (h home) hide(text string) string {
	return strings.ReplaceAll(text, string(h), "DIR")
}
