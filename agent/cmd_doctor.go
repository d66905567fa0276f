package main

import (
	"fmt"
	"os"

	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/session"
	"github.com/spf13/cobra"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "doctor",
		Short:   "Say what is missing, and what to do",
		Example: "  byleave doctor",
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
			checks := flow.Examine(cmd.Context(), flow.Config{
				Home: home, Socket: socket, Session: session.From(os.Getenv),
			})
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
}
