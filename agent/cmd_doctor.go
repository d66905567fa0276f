package main

import (
	"fmt"
	"os"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/session"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/bundle"
	"github.com/spf13/cobra"
)

func doctorCommand() *cobra.Command {
	var file string
	var repair bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is missing, and what to do; with --bundle, write that down for whoever helps you",
		Long: "Looks at this computer, the agent and the line to the collector. Nothing is recorded and nothing is sent anywhere. A bundle is one text\n" +
			"file: read it before you share it. It is made of what is listed here and of nothing else, and has no key, no id, no name of you, of\n" +
			"this computer, of an application, no path, no address and nothing that was recorded.",
		Example: "  byleave doctor\n  byleave doctor --repair   # set damaged boxes aside, while no agent runs\n  byleave doctor --bundle help.txt",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeDir()
			if err != nil {
				return err
			}
			socket, err := agentSocket(cmd.Context())
			if err != nil {
				return err
			}
			cfg := flow.Config{Home: home, Socket: socket, Session: session.From(os.Getenv)}
			if repair {
				words, err := flow.Repair(cfg)
				if err != nil {
					return err
				}
				fmt.Fprintln(cmd.OutOrStdout(), "done boxes: "+words)
			}
			checks := flow.Examine(cmd.Context(), cfg)
			if file == "" {
				printChecks(cmd, checks)
			} else if err := bundle.Save(cmd.OutOrStdout(), file, gather(cmd.Context(), home, checks)); err != nil {
				return err
			}
			bad := 0
			for _, c := range checks {
				if !c.OK {
					bad++
				}
			}
			if bad > 0 {
				return fmt.Errorf("what needs you: %d of %s", bad, policy.Count(len(checks), "check"))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "set aside what is damaged, as every start of the agent does; destroys nothing")
	cmd.Flags().StringVar(&file, "bundle", "", "write what was found to this new file")
	return cmd
}

func printChecks(cmd *cobra.Command, checks []flow.Check) {
	for _, c := range checks {
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s\n", sign(c), c.Name, c.Words)
	}
}

func sign(c flow.Check) string {
	if c.OK {
		return "ok  "
	}
	return "FIX "
}
