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
	cost := t.row("presidio set, processor time, start included", "s", 1, report.Lower)
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
		for _, l := range slices.Sorted(maps.Keys(totals)) {
			n := totals[l]
			if labels[l] == nil {
				labels[l] = t.row("presidio set, "+l, "of 1", 0, report.HigherNoGoal)
			}
			labels[l].set(e.name, hits[l], n)
		}
		cost.value(e.name, cpu.Seconds())
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
	positive := map[string]string{} // by text, the rule that holds it for a key
	for d := json.NewDecoder(f); d.More(); {
		var c testCase
		if err := d.Decode(&c); err != nil {
			return err
		}
		if c.Text != "" { // without text it is about a file's name
			cases = append(cases, c)
			if c.Positive {
				positive[c.Text] = c.Rule
			}
		}
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
					if positive[c.Text] != "" {
						both++
					}
					if e.name == "byleave" {
						fmt.Printf("negative said to be a secret: %s%s\n", c.Rule, also(positive[c.Text]))
					}
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

// also says of which rule a text is a positive.
func also(rule string) string {
	if rule == "" {
		return ""
	}
	return ", word for word a positive of " + rule
}
