package verb

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// unknown is how cobra begins what it says of a word that it does not expect, also where no command could stand.
const unknown = "unknown command"

// Refused tells whether cobra refused words or flags before the verb began.
func Refused(err error) bool {
	return strings.HasPrefix(err.Error(), unknown) || strings.Contains(err.Error(), "arg(s), ") || strings.HasPrefix(err.Error(), "required flag(s)")
}

// Plain is what to say of an error that cmd ended with: of a word after a verb that takes none, that it is too much; of everything else, err.
func Plain(cmd *cobra.Command, err error) error {
	if cmd.HasSubCommands() || !strings.HasPrefix(err.Error(), unknown) {
		return err
	}
	return fmt.Errorf("%q is too much: %s takes flags and nothing else", cmd.Flags().Arg(0), cmd.CommandPath())
}
