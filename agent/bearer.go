package main

import (
	"os"

	"github.com/byleave/byleave/proto/bearer"
	"github.com/spf13/cobra"
)

// askBearer is a line that is itself a right as it was given, or for - the next line of standard input, hidden where somebody types it.
func askBearer(cmd *cobra.Command, given, question string) (string, error) {
	in := cmd.InOrStdin()
	if given == bearer.FromInput && in == os.Stdin && isTerminal(os.Stdin) {
		line, err := askHidden(cmd.ErrOrStderr(), question)
		return string(line), err
	}
	return bearer.Read(given, in)
}
