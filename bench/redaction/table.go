package main

import (
	"fmt"
	"math"
	"os"
	"text/tabwriter"

	"github.com/byleave/byleave/bench/report"
)

// table gathers rows: ours beside the peers.
type table struct {
	names  []engine
	rows   []*row
	claims []claim
	gone   map[string]error
}

type row struct {
	report.Figure
	values map[string]float64
	counts map[string][2]int
}

func (t *table) row(what, unit string, goal float64, better report.Better) *row {
	r := &row{report.Figure{What: what, Unit: unit, Goal: goal, Better: better}, map[string]float64{}, map[string][2]int{}}
	t.rows = append(t.rows, r)
	return r
}

func (r *row) set(name string, k, n int) {
	if n == 0 {
		return
	}
	r.counts[name] = [2]int{k, n}
	r.value(name, float64(k)/float64(n))
}

func (r *row) value(name string, v float64) { r.values[name] = v }

func (t *table) absent(name string, err error) {
	if t.gone == nil {
		t.gone = map[string]error{}
	}
	if t.gone[name] == nil {
		fmt.Fprintln(os.Stderr, "not run:", err)
	}
	t.gone[name] = err
}

// wilson is the lower bound of the 95 % interval.
func wilson(k, n int) float64 {
	const z = 1.96
	p, m := float64(k)/float64(n), float64(n)
	return (p + z*z/(2*m) - z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))) / (1 + z*z/m)
}

func (t *table) write(dir string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "what\tgoal\tbyleave\tWilson 95 %\tof")
	for _, e := range t.names[1:] {
		fmt.Fprintf(w, "\t%s", e.name)
	}
	fmt.Fprintln(w)
	var figures []report.Figure
	for _, r := range t.rows {
		v, ok := r.values["byleave"]
		if c := r.counts["byleave"]; c[1] > 0 {
			fmt.Fprintf(w, "%s\t%s\t%.4f\t%.4f\t%d", r.What, goalOf(r), v, wilson(c[0], c[1]), c[1])
		} else if ok {
			fmt.Fprintf(w, "%s\t%s\t%.4g\t\t", r.What, goalOf(r), v)
		} else {
			fmt.Fprintf(w, "%s\t%s\t\t\t", r.What, goalOf(r))
		}
		r.Figure.Value, r.Figure.Peers = v, map[string]float64{}
		for _, e := range t.names[1:] {
			if p, ok := r.values[e.name]; ok {
				fmt.Fprintf(w, "\t%.4g", p)
				r.Figure.Peers[e.name] = p
			} else {
				fmt.Fprint(w, "\t-")
			}
		}
		fmt.Fprintln(w)
		if ok {
			figures = append(figures, r.Figure)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Println("published: Presidio on its set, recall .603 / precision .685 default, .839 / .870 tuned")
	if err := report.Write(os.Stdout, dir, "redaction", figures); err != nil {
		return err
	}
	return t.markdown(dir)
}

func goalOf(r *row) string {
	if r.Goal == 0 {
		return ""
	}
	return fmt.Sprintf("%.4g", r.Goal)
}
