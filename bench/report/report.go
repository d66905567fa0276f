package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
)

// Better says which way a figure should go.
type Better string

// The two ways, and the same of a figure that is told and has no goal.
const (
	Lower        Better = "lower"
	Higher       Better = "higher"
	LowerNoGoal  Better = "lower, no goal"
	HigherNoGoal Better = "higher, no goal"
)

// way is lower or higher, and whether there is a goal.
func (b Better) way() (way string, goal bool) {
	way, _, none := strings.Cut(string(b), ", ")
	return way, !none
}

// Figure is one measurement beside its goal and what others reach in the same run.
type Figure struct {
	What   string             `json:"what"`
	Value  float64            `json:"value"`
	Unit   string             `json:"unit"`
	Goal   float64            `json:"goal"`
	Better Better             `json:"better"`
	Peers  map[string]float64 `json:"peers,omitempty"`
}

// MarshalJSON writes a figure that has no goal with null for it: which way is better stands there of each.
func (f Figure) MarshalJSON() ([]byte, error) {
	way, hasGoal := f.Better.way()
	f.Better = Better(way)
	type plain Figure
	if hasGoal {
		return json.Marshal(plain(f))
	}
	return json.Marshal(struct {
		plain
		Goal *float64 `json:"goal"`
	}{plain: plain(f)})
}

// Met tells whether the figure reaches its goal; one without a goal does.
func (f Figure) Met() bool {
	way, hasGoal := f.Better.way()
	switch {
	case !hasGoal:
		return true
	case way == string(Higher):
		return f.Value >= f.Goal
	}
	return f.Value <= f.Goal
}

// verdict is the goal, and whether it is met.
func (f Figure) verdict() (goal, word string) {
	if _, hasGoal := f.Better.way(); !hasGoal {
		return "", ""
	}
	sign, word := "<=", "met"
	if f.Better == Higher {
		sign = ">="
	}
	if !f.Met() {
		word = "MISSED"
	}
	return fmt.Sprintf("%s %.4g", sign, f.Goal), word
}

// Write stores the figures as dir/NAME.json, an array, and prints them as a table.
func Write(w io.Writer, dir, name string, figures []Figure) error {
	b, err := json.MarshalIndent(figures, "", "  ")
	if err != nil {
		return fmt.Errorf("report %s: %w", name, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("report %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), append(b, '\n'), 0o644); err != nil {
		return fmt.Errorf("report %s: %w", name, err)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "%s\tvalue\tgoal\t\n", name)
	for _, f := range figures {
		goal, word := f.verdict()
		fmt.Fprintf(tw, "%s\t%.4g %s\t%s\t%s", f.What, f.Value, f.Unit, goal, word)
		for i, peer := range slices.Sorted(maps.Keys(f.Peers)) {
			fmt.Fprintf(tw, "%s%s %.4g", [...]string{"\t", ", "}[min(i, 1)], peer, f.Peers[peer])
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}
