package manual

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Page is the page of a program: each command below root with its words, flags and examples, in the order of their names.
func Page(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s. Made from the program's own `--help`; do not edit.\n", root.Name(), root.Short)
	root.InitDefaultVersionFlag()
	for _, c := range append([]*cobra.Command{root}, commands(root)...) {
		fmt.Fprintf(&b, "\n## `%s`\n\n%s.\n", strings.TrimSuffix(c.UseLine(), " [flags]"), strings.TrimSuffix(prose(c.Short), "."))
		if c.Long != "" {
			fmt.Fprintf(&b, "\n%s\n", prose(c.Long))
		}
		if rows := flags(c); rows != "" {
			fmt.Fprintf(&b, "\n| flag | what |\n|---|---|\n%s", rows)
		}
		if c.Example != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", strings.ReplaceAll("\n"+c.Example, "\n  ", "\n")[1:])
		}
	}
	return b.String()
}

// commands are all below c but the library's own.
func commands(c *cobra.Command) (out []*cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.Name() == "help" || sub.Name() == "completion" {
			continue
		}
		out = append(append(out, sub), commands(sub)...)
	}
	return out
}

// flags are the rows of the flags of a command, those that it inherits among them.
func flags(c *cobra.Command) string {
	var b strings.Builder
	row := func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		value, what := pflag.UnquoteUsage(f)
		b.WriteString("| `--" + strings.TrimSpace(f.Name+" "+value) + "` | " + cell(what))
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0s" {
			b.WriteString(" (" + place(f.DefValue) + ")")
		}
		b.WriteString(" |\n")
	}
	c.LocalFlags().VisitAll(row)
	c.InheritedFlags().VisitAll(row)
	return b.String()
}

// place is a default, without what of it is this computer's alone.
func place(value string) string {
	if exe, err := os.Executable(); err == nil && value == filepath.Dir(exe) {
		return "where the program lies"
	}
	if home, err := os.UserHomeDir(); err == nil {
		if below, ok := strings.CutPrefix(value, home+string(filepath.Separator)); ok {
			value = "~/" + filepath.ToSlash(below)
		}
	}
	return "`" + value + "`"
}

// prose is a text in which nothing is markup.
func prose(s string) string {
	return regexp.MustCompile(`[<*_|]`).ReplaceAllString(s, `\$0`)
}

// cell is prose on one line.
func cell(s string) string { return strings.ReplaceAll(prose(s), "\n", " ") }
