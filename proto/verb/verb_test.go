package verb

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestPlain: a word too much is called that where no command could stand, and nothing else is said anew.
func TestPlain(t *testing.T) {
	program := func() *cobra.Command {
		root := &cobra.Command{Use: "program", SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error { return nil }}
		fails := func(*cobra.Command, []string) error { return errors.New("the disk is full") }
		file := &cobra.Command{Use: "show FILE", Args: cobra.ExactArgs(1), RunE: fails}
		file.Flags().String("key", "", "")
		if err := file.MarkFlagRequired("key"); err != nil {
			t.Fatal(err)
		}
		root.AddCommand(&cobra.Command{Use: "status", Args: cobra.NoArgs, RunE: fails}, file)
		return root
	}
	for words, want := range map[string]struct {
		says    string
		refused bool
	}{
		"status now":       {`"now" is too much: program status takes flags and nothing else`, true},
		"status -- --more": {`"--more" is too much: program status takes flags and nothing else`, true},
		"frobnicate":       {`unknown command "frobnicate" for "program"`, true},
		"show --key k":     {"accepts 1 arg(s), received 0", true},
		"show box":         {`required flag(s) "key" not set`, true},
		"status":           {"the disk is full", false},
	} {
		root := program()
		root.SetArgs(strings.Fields(words))
		cmd, err := root.ExecuteC()
		if err == nil || Plain(cmd, err).Error() != want.says || Refused(err) != want.refused {
			t.Errorf("%s: %v, refused %v; want %+v", words, err, Refused(err), want)
		}
	}
}
