package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/byleave/byleave/bench/redaction/sample"
	"github.com/byleave/byleave/bench/report"
)

func main() {
	var o options
	flag.StringVar(&o.byleave, "byleave", "bin/byleave", "the binary that is measured")
	flag.StringVar(&o.data, "data", "", "presidio-research's synth_dataset_v2.json")
	flag.StringVar(&o.cases, "cases", "", "gitleaks' own cases, as bench/peers/cases writes them")
	flag.StringVar(&o.peers, "peers", "", "peers as name=command, separated by semicolons; a name that ends in * says no spans")
	flag.StringVar(&o.out, "out", "bench/out", "folder for redaction.json")
	flag.IntVar(&o.n, "n", 1000, "generated texts a class; four times as many where the goal is .999 or more")
	flag.StringVar(&o.misses, "misses", "", "print what is missed of this generated class, or \"clean\" for false alarms, and stop")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "redaction:", err)
		os.Exit(1)
	}
}

type options struct {
	byleave, data, cases, peers, out string
	n                                int
	misses                           string
}

// goals are the recalls of the task, by class; what has none is measured against .90.
var goals = map[string]float64{"card": 1, "ssn": .995, "iban": .995, "email": .995, "wallet": .995, "ip": .995, "phone": .97, "jwt": 1, "pem": 1, "url-credentials": 1,
	"connection-string": 1, "vendor-token": 1, "person-prose": .85, "person-field": .99, "birth-date": .97, "document": .97, "address": .85, "password": .97}

// ours are the classes of ours that a generated class should come out as, for precision.
var ours = map[string]string{"card": "CARD", "ssn": "SSN", "iban": "IBAN", "email": "EMAIL", "wallet": "WALLET", "ip": "IP", "phone": "PHONE"}

func (o options) run() error {
	engines := []engine{{name: "byleave", command: []string{o.byleave, "redact", "--jsonl"}}}
	for _, p := range strings.Split(o.peers, ";") {
		if name, command, ok := strings.Cut(strings.TrimSpace(p), "="); ok {
			engines = append(engines, engine{strings.TrimSuffix(name, "*"), strings.Fields(command), strings.HasSuffix(name, "*")})
		}
	}
	if o.misses != "" {
		return o.showMisses(engines[0])
	}
	t := &table{names: engines}
	for _, class := range sample.Classes() {
		o.class(t, class)
	}
	o.clean(t)
	if err := o.presidio(t); err != nil {
		return err
	}
	if err := o.gitleaks(t); err != nil {
		return err
	}
	if err := o.speed(t); err != nil {
		return err
	}
	return t.write(o.out)
}

// showMisses prints the generated texts that go wrong, for whoever works on a detector. They hold no real data.
func (o options) showMisses(e engine) error {
	all := sample.Positives(o.misses, 1, o.n)
	if o.misses == "clean" {
		all = sample.Clean(1, o.n)
	}
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.Text
	}
	answers, _, err := e.run(texts)
	if err != nil {
		return err
	}
	for i, s := range all {
		if s.Class == "" && len(answers[i].Spans) > 0 || s.Class != "" && answers[i].leaks(s.Text, s.Start, s.End, strings.HasPrefix(s.Class, "person"), false) {
			fmt.Printf("%q\n   %q\n", s.Text, answers[i].Text)
		}
	}
	return nil
}

// mostForPeers is how many texts of a class the peers see: some of them take 20 ms for each.
const mostForPeers = 300

// class measures recall on generated values: three seeds.
func (o options) class(t *table, class string) {
	n := o.n
	if goals[class] >= .999 {
		n *= 4
	}
	var all []sample.Text
	for seed := range uint64(3) {
		all = append(all, sample.Positives(class, seed+1, (n+2)/3)...)
	}
	texts := make([]string, len(all))
	for i, s := range all { // seeds mixed, so that a part has all of them
		j := (i * 7919) % len(all)
		all[i], all[j] = all[j], s
	}
	for i, s := range all {
		texts[i] = s.Text
	}
	goal := goals[class]
	row := t.row("recall, "+class, "of 1", goal, report.Higher)
	for _, e := range t.names {
		part := len(all)
		if e.name != "byleave" {
			part = min(part, mostForPeers)
		}
		answers, _, err := e.run(texts[:part])
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		hit, right, said := 0, 0, 0
		for i, s := range all[:part] {
			if !answers[i].leaks(s.Text, s.Start, s.End, strings.HasPrefix(class, "person"), e.plain) {
				hit++
			}
			for _, f := range answers[i].Spans {
				if f.Class == ours[class] {
					said++
					if f.Start < s.End && f.End > s.Start {
						right++
					}
				}
			}
		}
		row.set(e.name, hit, part)
		if e.name == "byleave" && ours[class] != "" {
			t.claims = append(t.claims, claim{class, right, said})
		}
	}
}

// clean measures false alarms: texts in which nothing should change.
func (o options) clean(t *table) {
	var all []sample.Text
	for seed := range uint64(3) {
		all = append(all, sample.Clean(seed+1, 900)...)
	}
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = s.Text
	}
	row := t.row("clean texts left as they are", "of 1", .98, report.Higher)
	for _, e := range t.names {
		answers, _, err := e.run(texts)
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		kept := 0
		for i, a := range answers {
			if !e.plain && len(a.Spans) == 0 || e.plain && a.Text == texts[i] {
				kept++
			}
			if e.name == "byleave" {
				for _, f := range a.Spans {
					for j := range t.claims {
						if ours[t.claims[j].class] == f.Class {
							t.claims[j].said++
						}
					}
				}
			}
		}
		row.set(e.name, kept, len(all))
	}
	for _, c := range t.claims {
		goal := .97
		if c.class == "ip" || c.class == "phone" {
			goal = .90
		}
		r := t.row("precision, "+c.class, "of 1", goal, report.Higher)
		r.set("byleave", c.right, c.said)
	}
}

// claim is how often a class was said, and how often rightly.
type claim struct {
	class       string
	right, said int
}

// presidio measures the synthetic set of presidio-research: leaks by label, and precision by spans of which half or more is labelled.
func (o options) presidio(t *table) error {
	if o.data == "" {
		return errors.New("give --data FILE: presidio-research's data/synth_dataset_v2.json, from github.com/microsoft/presidio-research at 7622dec1")
	}
	b, err := os.ReadFile(o.data)
	if err != nil {
		return err
	}
	var set []struct {
		Text  string `json:"full_text"`
		Spans []struct {
			Start int    `json:"start_position"`
			End   int    `json:"end_position"`
			Label string `json:"entity_type"`
		} `json:"spans"`
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return fmt.Errorf("%s: %w", o.data, err)
	}
	texts := make([]string, len(set))
	for i, s := range set {
		texts[i] = s.Text
	}
	recall, precision := t.row("presidio set, recall of all labels", "of 1", .90, report.Higher), t.row("presidio set, precision", "of 1", .85, report.Higher)
	labels := map[string]*row{}
	for _, e := range t.names {
		answers, cpu, err := e.run(texts)
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		hits, totals, right, said, hit, total := map[string]int{}, map[string]int{}, 0, 0, 0, 0
		for i, s := range set {
			gold := make([]bool, len([]rune(s.Text)))
			for _, g := range s.Spans {
				totals[g.Label]++
				total++
				if !answers[i].leaks(s.Text, g.Start, g.End, g.Label == "PERSON", e.plain) {
					hits[g.Label]++
					hit++
				}
				for k := g.Start; k < g.End; k++ {
					gold[k] = true
				}
			}
			for _, f := range answers[i].Spans {
				in := 0
				for k := f.Start; k < f.End; k++ {
					if gold[k] {
						in++
					}
				}
				said++
				if 2*in >= f.End-f.Start {
					right++
				}
			}
		}
		recall.set(e.name, hit, total)
		if !e.plain {
			precision.set(e.name, right, said)
		}
		for l, n := range totals {
			if labels[l] == nil {
				labels[l] = t.row("presidio set, "+l, "of 1", 0, report.Higher)
			}
			labels[l].set(e.name, hits[l], n)
		}
		t.row("processor time for the presidio set, start included: "+e.name, "s", 0, report.Lower).value(e.name, cpu.Seconds())
	}
	return nil
}

// gitleaks measures the cases that come with gitleaks' source.
func (o options) gitleaks(t *table) error {
	if o.cases == "" {
		return nil
	}
	f, err := os.Open(o.cases)
	if err != nil {
		return err
	}
	defer f.Close()
	type testCase struct {
		Rule, Text string
		Positive   bool
	}
	var cases []testCase
	positive := map[string]bool{}
	for d := json.NewDecoder(f); d.More(); {
		var c testCase
		if err := d.Decode(&c); err != nil {
			return err
		}
		if c.Text != "" { // without text it is about a file's name
			cases = append(cases, c)
			positive[c.Text] = positive[c.Text] || c.Positive
		}
	}
	texts := make([]string, len(cases))
	for i, c := range cases {
		texts[i] = c.Text
	}
	found, alarms := t.row("gitleaks' positives found", "of 1", 1, report.Higher), t.row("gitleaks' negatives said to be a secret", "texts", 15, report.Lower)
	changed := t.row("gitleaks' negatives changed in any way", "texts", 374, report.Lower)
	shared := t.row("of them also positives of another rule", "texts", 374, report.Lower)
	for _, e := range t.names {
		answers, _, err := e.run(texts)
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		hit, total, wrong, any, both := 0, 0, 0, 0, 0
		for i, c := range cases {
			secret := false
			for _, s := range answers[i].Spans {
				switch s.Class {
				case "SECRET", "KEY", "JWT", "WALLET", "GITLEAKS":
					secret = true
				}
			}
			touched := len(answers[i].Spans) > 0 || e.plain && answers[i].Text != c.Text
			switch {
			case c.Positive:
				total++
				if touched {
					hit++
				}
			default:
				if touched {
					any++
				}
				if secret {
					wrong++
					if positive[c.Text] {
						both++
					}
				}
			}
		}
		found.set(e.name, hit, total)
		alarms.value(e.name, float64(wrong))
		changed.value(e.name, float64(any))
		shared.value(e.name, float64(both))
	}
	return nil
}

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
	return report.Write(os.Stdout, dir, "redaction", figures)
}

func goalOf(r *row) string {
	if r.Goal == 0 {
		return ""
	}
	return fmt.Sprintf("%.4g", r.Goal)
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
