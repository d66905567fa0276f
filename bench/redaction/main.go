package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/byleave/byleave/bench/redaction/sample"
	"github.com/byleave/byleave/bench/report"
)

func main() {
	var o options
	flag.StringVar(&o.byleave, "byleave", "bin/byleave", "the binary that is measured")
	flag.StringVar(&o.data, "data", "", "presidio-research's synth_dataset_v2.json")
	flag.StringVar(&o.set, "set", "", "sets of your own, with commas between, measured alone: JSON lines {\"text\": ..., \"spans\": [{\"class\", \"start\", \"end\"}]}, in code points")
	flag.StringVar(&o.cases, "cases", "", "gitleaks' own cases, as bench/peers/cases writes them")
	flag.StringVar(&o.peers, "peers", "", "peers as name=command, separated by semicolons; a name that ends in * says no spans")
	flag.StringVar(&o.out, "out", "bench/out", "folder for redaction.json")
	flag.IntVar(&o.n, "n", 1000, "generated texts a class, four times as many where the goal is .999 or more, or less than .99; 0 leaves all text out")
	flag.IntVar(&o.peerTexts, "peer-texts", 300, "texts of each generated class and of clean ones that peers see: some take 20 ms for each")
	flag.StringVar(&o.misses, "misses", "", "print what is missed of this generated class, or \"clean\" for false alarms, and stop; \"pixels\" for words left in pages")
	flag.IntVar(&o.pages, "pages", 0, "pages drawn and masked, of three seeds; none if 0")
	flag.StringVar(&o.readers, "readers", "", "readers of pictures as name=command, separated by semicolons")
	flag.Parse()
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "redaction:", err)
		os.Exit(1)
	}
}

type options struct {
	byleave, data, set, cases, peers, out string
	n, peerTexts                          int
	misses                                string
	pages                                 int
	readers                               string
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
	if o.set != "" {
		return o.own(engines[0])
	}
	if o.misses != "" && o.misses != "pixels" {
		return o.showMisses(engines[0])
	}
	t := &table{names: engines}
	if o.n == 0 {
		if err := o.pixels(t); err != nil {
			return err
		}
		return t.write(o.out)
	}
	o.classes(t)
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
	if err := o.pixels(t); err != nil {
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

// generated is the texts of one class.
type generated struct {
	class string
	texts []sample.Text
}

// generate makes the texts of a class with three seeds, mixed, so that a part has all of them.
func (o options) generate(class string) generated {
	n := o.n
	if goals[class] >= .999 || goals[class] < .99 { // so that the bound of the interval lies within .005 of what is measured
		n *= 4
	}
	g := generated{class: class}
	for seed := range uint64(3) {
		g.texts = append(g.texts, sample.Positives(class, seed+1, (n+2)/3)...)
	}
	for i, s := range g.texts {
		j := (i * 7919) % len(g.texts)
		g.texts[i], g.texts[j] = g.texts[j], s
	}
	return g
}

// classes measures recall on generated values. Each engine is started once for all of them: some take long to start.
func (o options) classes(t *table) {
	var all []generated
	for _, class := range sample.Classes() {
		all = append(all, o.generate(class))
	}
	rows := make([]*row, len(all))
	for i, g := range all {
		rows[i] = t.row("recall, "+g.class, "of 1", goals[g.class], report.Higher)
	}
	for _, e := range t.names {
		var texts []string
		for _, g := range all {
			for _, s := range g.texts[:o.part(e, len(g.texts))] {
				texts = append(texts, s.Text)
			}
		}
		answers, _, err := e.run(texts)
		if err != nil {
			t.absent(e.name, err)
			continue
		}
		for i, g := range all {
			n := o.part(e, len(g.texts))
			t.score(rows[i], e, g, answers[:n])
			answers = answers[n:]
		}
	}
}

// part is how many of n texts an engine sees.
func (o options) part(e engine, n int) int {
	if e.name == "byleave" || e.name == "gitleaks" {
		return n
	}
	return min(n, o.peerTexts)
}

// score counts how many values of a class an engine hid, and what it called them.
func (t *table) score(r *row, e engine, g generated, answers []answer) {
	hit, right, said := 0, 0, 0
	for i, a := range answers {
		s := g.texts[i]
		if !a.leaks(s.Text, s.Start, s.End, strings.HasPrefix(g.class, "person"), e.plain) {
			hit++
		}
		for _, f := range a.Spans {
			if f.Class == ours[g.class] {
				said++
				if f.Start < s.End && f.End > s.Start {
					right++
				}
			}
		}
	}
	r.set(e.name, hit, len(answers))
	if e.name == "byleave" && ours[g.class] != "" {
		t.claims = append(t.claims, claim{g.class, right, said})
	}
}

// clean measures false alarms: texts in which nothing should change.
func (o options) clean(t *table) {
	var all []sample.Text
	for seed := range uint64(3) {
		all = append(all, sample.Clean(seed+1, 900)...)
	}
	texts := make([]string, len(all))
	row := t.row("clean texts left as they are", "of 1", .98, report.Higher)
	for i, s := range all { // seeds mixed
		j := (i * 7919) % len(all)
		all[i], all[j] = all[j], s
	}
	for i, s := range all {
		texts[i] = s.Text
	}
	for _, e := range t.names {
		part := o.part(e, len(texts))
		answers, _, err := e.run(texts[:part])
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
		row.set(e.name, kept, part)
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
