package main

import (
	"fmt"
	"os"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/session"
	"github.com/spf13/cobra"
)

func doctorCommand() *cobra.Command {
	var repair bool
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Say what is missing, and what to do",
		Example: "  byleave doctor\n  byleave doctor --repair   # set damaged boxes aside, while no agent runs",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeDir()
			if err != nil {
				return err
			}
			socket, err := socketPath()
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
			bad := 0
			for _, c := range checks {
				sign := "ok  "
				if !c.OK {
					sign = "FIX "
					bad++
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s %s: %s\n", sign, c.Name, c.Words)
			}
			if bad > 0 {
				return fmt.Errorf("%d of %d checks need you", bad, len(checks))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&repair, "repair", false, "set aside what is damaged, as every start of the agent does; destroys nothing")
	return cmd
}
