package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// markdown writes the table as dir/redaction.md; docs/redaction.md holds such a one. A column that no row fills is left out.
func (t *table) markdown(dir string) error {
	var names []string
	for _, e := range t.names[1:] {
		for _, r := range t.rows {
			if _, ok := r.values[e.name]; ok {
				names = append(names, e.name)
				break
			}
		}
	}
	var b bytes.Buffer
	line := func(cells ...string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(append([]string{"What", "Goal", "Byleave", "Wilson 95 %", "Of"}, names...)...)
	fmt.Fprintln(&b, "|"+strings.Repeat("---|", 5+len(names)))
	for _, r := range t.rows {
		cells := []string{r.What, goalOf(r), figure(r, "byleave"), "", ""}
		if c := r.counts["byleave"]; c[1] > 0 {
			cells[3], cells[4] = fmt.Sprintf("%.4f", wilson(c[0], c[1])), fmt.Sprint(c[1])
		}
		for _, name := range names {
			cells = append(cells, figure(r, name))
		}
		line(cells...)
	}
	if err := os.WriteFile(filepath.Join(dir, "redaction.md"), b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}

// figure is what one engine reached, empty if it was not asked.
func figure(r *row, name string) string {
	v, ok := r.values[name]
	if !ok {
		return ""
	}
	if r.counts[name][1] > 0 {
		return fmt.Sprintf("%.4f", v)
	}
	return fmt.Sprintf("%.4g", v)
}
