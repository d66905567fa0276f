package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/byleave/byleave/demo/canary"
)

// report is what the demo found; demo/out/report.json holds the same.
type report struct {
	Seed    int64 `json:"seed"`
	Actions struct {
		Expected   int      `json:"expected"`
		Found      int      `json:"found"`
		Missing    []string `json:"missing,omitempty"`
		Unexpected int      `json:"unexpected"`
	} `json:"actions"`
	Frames   int            `json:"frames"`
	Canaries []canaryReport `json:"canaries"`
	Tokens   map[string]int `json:"tokens"` // class tokens in the export
	Withheld map[string]int `json:"withheld"`
	Batches  int            `json:"batches"`
	Bytes    stages         `json:"bytes"`
	Looked   canary.Counts  `json:"searched"`
	Export   string         `json:"export"`
	After    int            `json:"boxes_released_after_withdrawal"`
	Control  controlReport  `json:"control"`
}

// stages are bytes at each stage of the flow.
type stages struct {
	Redacted   int64 `json:"redacted"`   // payloads: events and masked frames
	Compressed int64 `json:"compressed"` // zstd
	Sealed     int64 `json:"sealed"`     // boxes: padded, with capsules
	Wire       int64 `json:"wire"`       // both directions, TLS included
	Stored     int64 `json:"stored"`     // packs of the collector
	Exported   int64 `json:"exported"`
}

// canaryReport says where a canary was planted, and where it was found: nowhere.
type canaryReport struct {
	Name      string   `json:"name"`
	PlantedIn string   `json:"planted_in"`
	Found     []string `json:"found"`
}

// controlReport says what the same search finds when the redactor is disconnected.
type controlReport struct {
	Planted int      `json:"planted"`
	Found   int      `json:"found"`
	Missed  []string `json:"missed,omitempty"`
}

func canaryReports(all []canary.Canary, found []canary.Found) []canaryReport {
	var out []canaryReport
	for _, c := range all {
		r := canaryReport{Name: c.Name, PlantedIn: c.Planted, Found: []string{}}
		for _, f := range found {
			if f.Canary == c.Name {
				r.Found = append(r.Found, f.Where+" ("+f.Form+")")
			}
		}
		out = append(out, r)
	}
	return out
}

// verdict fails if a secret was found, an action is missing, a class token is missing, or the control could not find.
func (r *report) verdict() error {
	var errs []error
	for _, c := range r.Canaries {
		if len(c.Found) > 0 {
			errs = append(errs, fmt.Errorf("%s was FOUND AT %s", c.Name, strings.Join(c.Found, ", ")))
		}
	}
	if r.Actions.Found != r.Actions.Expected {
		errs = append(errs, fmt.Errorf("missing in the export: %s", strings.Join(r.Actions.Missing, "; ")))
	}
	for _, class := range []string{"SSN", "CARD", "EMAIL"} {
		if r.Tokens[class] == 0 {
			errs = append(errs, fmt.Errorf("no <%s#n> stands in the export", class))
		}
	}
	if r.Control.Found != r.Control.Planted {
		errs = append(errs, fmt.Errorf("the control missed %s: the search cannot be trusted", strings.Join(r.Control.Missed, ", ")))
	}
	if r.After != 0 {
		errs = append(errs, fmt.Errorf("%d boxes were released after the withdrawal", r.After))
	}
	if len(errs) > 0 {
		errs = append(errs, fmt.Errorf("run it again with SEED=%d", r.Seed))
	}
	return errors.Join(errs...)
}

func (r *report) write(dir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "report.json"), append(b, '\n'), 0o644)
}

func (r *report) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "\nWhat was recorded\t\n")
	fmt.Fprintf(tw, "  actions in consented windows\t%d of %d in the export, in order, with kind and target\n", r.Actions.Found, r.Actions.Expected)
	fmt.Fprintf(tw, "  frames, all text masked\t%d\n", r.Frames)
	fmt.Fprintf(tw, "  boxes\t%d\n", r.Batches)
	fmt.Fprintf(tw, "Bytes\t\n")
	fmt.Fprintf(tw, "  redacted events and frames\t%d\n", r.Bytes.Redacted)
	fmt.Fprintf(tw, "  compressed\t%d (%.0f %% smaller)\n", r.Bytes.Compressed, 100*(1-float64(r.Bytes.Compressed)/float64(max(r.Bytes.Redacted, 1))))
	fmt.Fprintf(tw, "  sealed and padded\t%d\n", r.Bytes.Sealed)
	fmt.Fprintf(tw, "  on the wire, both ways\t%d\n", r.Bytes.Wire)
	fmt.Fprintf(tw, "  stored by the collector\t%d\n", r.Bytes.Stored)
	fmt.Fprintf(tw, "  exported\t%d\n", r.Bytes.Exported)
	fmt.Fprintf(tw, "What was withheld, and why\t\n")
	for _, why := range slices.Sorted(maps.Keys(r.Withheld)) {
		fmt.Fprintf(tw, "  %s\t%d\n", why, r.Withheld[why])
	}
	fmt.Fprintf(tw, "Class tokens in the export\t%v\n", r.Tokens)
	fmt.Fprintf(tw, "Secrets\t(searched %d files, %d boxes, %d pictures)\n", r.Looked.Files, r.Looked.Boxes, r.Looked.Pictures)
	for _, c := range r.Canaries {
		where := "found nowhere"
		if len(c.Found) > 0 {
			where = "FOUND AT " + strings.Join(c.Found, ", ")
		}
		fmt.Fprintf(tw, "  %s, planted in %s\t%s\n", c.Name, c.PlantedIn, where)
	}
	fmt.Fprintf(tw, "Control, redactor disconnected\tfinds %d of %d\n", r.Control.Found, r.Control.Planted)
	fmt.Fprintf(tw, "After withdrawal\t%d boxes released\n", r.After)
	fmt.Fprintf(tw, "Export\t%s\n", r.Export)
	if err := tw.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
	}
}
