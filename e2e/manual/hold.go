package manual

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Hold fails if the page in file is not what root says, or if something of root is hidden. With BYLEAVE_GENERATE it writes the page.
func Hold(t *testing.T, root *cobra.Command, file string) {
	t.Helper()
	for _, c := range commands(root) {
		if c.Hidden || c.Short == "" || c.Example == "" && !c.HasSubCommands() {
			t.Errorf("%s is hidden, or says nothing of itself, or has no example", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Hidden || f.Usage == "" {
				t.Errorf("%s --%s is hidden, or says nothing of itself", c.CommandPath(), f.Name)
			}
		})
	}
	page := Page(root)
	m := Manual{}
	m.Read(page)
	for _, c := range commands(root) {
		for line := range strings.Lines(c.Example) {
			if why := m.wrong(strings.TrimSpace(line)); why != "" {
				t.Errorf("the example of %s: %s", c.CommandPath(), why)
			}
		}
	}
	if os.Getenv("BYLEAVE_GENERATE") != "" {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != page {
		t.Errorf("%s is not what %s says; write it with: BYLEAVE_GENERATE=1 go test -run TestManualIsWritten ./agent ./collector ./installer (%v)", file, root.Name(), err)
	}
}
