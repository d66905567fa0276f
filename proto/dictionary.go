package proto

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

//go:embed byleave/v1/event.proto
var events string

// Message is one message of what a box holds, with its fields.
type Message struct {
	Name, Words string
	Fields      []Field
}

// Field is one field: what it is, why it is there, an example, and the schema that brought it.
type Field struct {
	Name, Type, What    string
	Why, Example, Since string
}

var (
	messageLine = regexp.MustCompile(`^message (\w+) \{$`)
	fieldLine   = regexp.MustCompile(`^\s+((?:repeated )?[\w.]+) (\w+) = \d+;\s*(?://\s*(.*))?$`)
	entryLine   = regexp.MustCompile(`^\s+// Why: (.+?) Example: (.+)\. Since: (\d+)\.$`)
)

// Dictionary reads what every field of a box is from the comments of event.proto. A field without an entry is an error.
func Dictionary() ([]Message, error) {
	var out []Message
	var entry []string
	above, open := "", false
	for line := range strings.Lines(events) {
		line = strings.TrimRight(line, "\r\n")
		if m := messageLine.FindStringSubmatch(line); m != nil {
			out, open, above = append(out, Message{Name: m[1], Words: above}), true, ""
			continue
		}
		words, comment := strings.CutPrefix(line, "// ")
		switch {
		case line == "}":
			open = false
		case comment:
			above = strings.TrimSpace(above + " " + words)
		case line == "":
			above = ""
		}
		if !open {
			continue
		}
		if m := entryLine.FindStringSubmatch(line); m != nil {
			entry = m
			continue
		}
		if m := fieldLine.FindStringSubmatch(line); m != nil {
			if entry == nil {
				return nil, fmt.Errorf("event.proto: %s.%s has no entry: write // Why: … Example: … Since: N. above it", out[len(out)-1].Name, m[2])
			}
			last := &out[len(out)-1]
			last.Fields = append(last.Fields, Field{Type: m[1], Name: m[2], What: m[3], Why: entry[1], Example: entry[2], Since: entry[3]})
			entry = nil
		}
	}
	if len(out) == 0 {
		return nil, errors.New("event.proto holds no message")
	}
	return out, nil
}

// Markdown is the dictionary as docs/dictionary.md.
func Markdown(d []Message) string {
	var b strings.Builder
	b.WriteString("# Data dictionary\n\nEvery field that a box can hold. Made from the comments of `proto/byleave/v1/event.proto` by `proto/generate.sh`; do not edit.\n")
	cell := strings.NewReplacer("|", `\|`, "<", `\<`).Replace
	for _, m := range d {
		fmt.Fprintf(&b, "\n## %s\n\n", m.Name)
		if m.Words != "" {
			fmt.Fprintf(&b, "%s\n\n", cell(m.Words))
		}
		b.WriteString("| field | what | why | example | since |\n|---|---|---|---|---|\n")
		for _, f := range m.Fields {
			fmt.Fprintf(&b, "| `%s` %s | %s | %s | %s | %s |\n", f.Name, f.Type, cell(f.What), cell(f.Why), cell(f.Example), f.Since)
		}
	}
	return b.String()
}
