package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/byleave/byleave/bench/report"
)

// labelled is a text of a set whose values somebody labelled, in code points.
type labelled struct {
	Text  string `json:"full_text"`
	Spans []struct {
		Start int    `json:"start_position"`
		End   int    `json:"end_position"`
		Label string `json:"entity_type"`
	} `json:"spans"`
}

func (o options) labelled() (set []labelled, err error) {
	b, err := os.ReadFile(o.data)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", o.data, err)
	}
	return set, nil
}

// presidio measures the synthetic set of presidio-research: leaks by label, and precision by spans of which half or more is labelled.
func (o options) presidio(t *table) error {
	if o.data == "" {
		return errors.New("give --data FILE: presidio-research's data/synth_dataset_v2.json, from github.com/microsoft/presidio-research at 7622dec1")
	}
	set, err := o.labelled()
	if err != nil {
		return err
	}
	texts := make([]string, len(set))
	for i, s := range set {
		texts[i] = s.Text
	}
	recall, precision := t.row("presidio set, recall of all labels", "of 1", .90, report.Higher), t.row("presidio set, precision", "of 1", .85, report.Higher)
	cost := t.row("presidio set, processor time, start included", "s", 1, report.Lower)
	labels := map[string]*row{}
	for _, e := range t.names {
		answers, cpu, err := e.run(texts)
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		n := found{hits: map[string]int{}, totals: map[string]int{}}
		for i, s := range set {
			n.add(s, answers[i], e.plain)
		}
		recall.set(e.name, n.hit, n.total)
		if !e.plain {
			precision.set(e.name, n.right, n.said)
		}
		for _, l := range slices.Sorted(maps.Keys(n.totals)) {
			if labels[l] == nil {
				labels[l] = t.row("presidio set, "+l, "of 1", 0, report.HigherNoGoal)
			}
			labels[l].set(e.name, n.hits[l], n.totals[l])
		}
		cost.value(e.name, cpu.Seconds())
	}
	return nil
}

// found counts what one engine found in a labelled set.
type found struct {
	hits, totals map[string]int // by label
	hit, total   int            // of all labels
	right, said  int            // spans of the engine
}

func (n *found) add(s labelled, a answer, plain bool) {
	gold := make([]bool, len([]rune(s.Text)))
	for _, g := range s.Spans {
		n.totals[g.Label]++
		n.total++
		if !a.leaks(s.Text, g.Start, g.End, g.Label == "PERSON", plain) {
			n.hits[g.Label]++
			n.hit++
		}
		for k := g.Start; k < g.End; k++ {
			gold[k] = true
		}
	}
	for _, f := range a.Spans {
		in := 0
		for k := f.Start; k < f.End; k++ {
			if gold[k] {
				in++
			}
		}
		n.said++
		if 2*in >= f.End-f.Start {
			n.right++
		}
	}
}

// leakCase is a text that gitleaks has as a positive or a negative of a rule.
type leakCase struct {
	Rule, Text string
	Positive   bool
}

// readCases reads gitleaks' cases, and by text the rule that holds it for a key.
func readCases(path string) (cases []leakCase, positive map[string]string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	positive = map[string]string{}
	for d := json.NewDecoder(f); d.More(); {
		var c leakCase
		if err := d.Decode(&c); err != nil {
			return nil, nil, err
		}
		if c.Text != "" { // without text it is about a file's name
			cases = append(cases, c)
			if c.Positive {
				positive[c.Text] = c.Rule
			}
		}
	}
	return cases, positive, nil
}

// gitleaks measures the cases that come with gitleaks' source.
func (o options) gitleaks(t *table) error {
	if o.cases == "" {
		return nil
	}
	cases, positive, err := readCases(o.cases)
	if err != nil {
		return err
	}
	texts := make([]string, len(cases))
	for i, c := range cases {
		texts[i] = c.Text
	}
	found, alarms := t.row("gitleaks' positives found", "of 1", 1, report.Higher), t.row("gitleaks' negatives said to be a secret", "texts", 15, report.Lower)
	changed := t.row("gitleaks' negatives changed in any way", "texts", 0, report.LowerNoGoal)
	shared := t.row("of them also positives of another rule", "texts", 0, report.LowerNoGoal)
	own := t.row("gitleaks' negatives said to be a secret, that no other rule has as a positive", "texts", 15, report.Lower)
	for _, e := range t.names {
		if o.part(e, len(texts)) < len(texts) {
			continue // the cases are about secrets, which the others do not look for
		}
		answers, _, err := e.run(texts)
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		hit, total, wrong, any, both := 0, 0, 0, 0, 0
		for i, c := range cases {
			touched := len(answers[i].Spans) > 0 || e.plain && answers[i].Text != c.Text
			if c.Positive {
				total++
				hit += tick(touched)
				continue
			}
			any += tick(touched)
			if answers[i].secret() {
				wrong++
				both += tick(positive[c.Text] != "")
				if e.name == "byleave" {
					fmt.Printf("negative said to be a secret: %s%s\n", c.Rule, also(positive[c.Text]))
				}
			}
		}
		found.set(e.name, hit, total)
		alarms.value(e.name, float64(wrong))
		changed.value(e.name, float64(any))
		shared.value(e.name, float64(both))
		own.value(e.name, float64(wrong-both))
	}
	return nil
}

func tick(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// secret tells whether a secret is said to be in it.
func (a answer) secret() bool {
	return slices.ContainsFunc(a.Spans, func(s span) bool {
		return slices.Contains([]string{"SECRET", "KEY", "JWT", "WALLET", "GITLEAKS"}, s.Class)
	})
}

// also says of which rule a text is a positive.
func also(rule string) string {
	if rule == "" {
		return ""
	}
	return ", word for word a positive of " + rule
}
