package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/byleave/byleave/bench/report"
)

// TestMarkdown: what was counted is told with its bound, what was not asked is empty, and who was asked nothing has no column.
func TestMarkdown(t *testing.T) {
	out := table{names: []engine{{name: "byleave"}, {name: "peer"}, {name: "silent"}}}
	r := out.row("recall, card", "of 1", 1, report.Higher)
	r.set("byleave", 4, 4)
	r.set("peer", 3, 4)
	out.row("speed", "MB/s", 0, report.HigherNoGoal).value("byleave", 50.5)
	dir := t.TempDir()
	if err := out.markdown(dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "redaction.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := `| What | Goal | Byleave | Wilson 95 % | Of | peer |
|---|---|---|---|---|---|
| recall, card | 1 | 1.0000 | 0.5101 | 4 | 0.7500 |
| speed |  | 50.5 |  |  |  |
`
	if string(got) != want {
		t.Errorf("%s", got)
	}
}
