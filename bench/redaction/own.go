package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// marked is a text of a set of somebody's own: JSON lines with the text and what in it must go, in the form in which `byleave redact --jsonl` answers.
type marked struct {
	Text  string `json:"text"`
	Spans []span `json:"spans"`
}

// score is what was found of values of one label, or right of what was said of one class.
type score struct{ hit, all int }

func (s *score) count(hit bool) { s.hit, s.all = s.hit+one(hit), s.all+1 }

// own measures sets that somebody names, at their place: recall by their labels, and how much of what each of our classes says is labelled at all. A
// label that has NAME or PERSON in it is found when no word of the value is left; any other when no four characters in a row are. It prints no text.
func (o options) own(e engine) error {
	for name := range strings.SplitSeq(o.set, ",") {
		set, err := readSet(name)
		if err != nil {
			return err
		}
		texts := make([]string, len(set))
		for i, s := range set {
			texts[i] = s.Text
		}
		answers, _, err := e.run(texts)
		if err != nil {
			return err
		}
		recall, precision := map[string]*score{}, map[string]*score{}
		for i, s := range set {
			s.judge(answers[i], recall, precision)
		}
		fmt.Printf("%s: %d texts\n", name, len(set))
		printScores("recall", recall)
		printScores("labelled, of those called", precision)
	}
	return nil
}

// readSet reads a set and holds that its spans lie in their texts.
func readSet(name string) ([]marked, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var set []marked
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m marked
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, len(set)+1, err)
		}
		for _, s := range m.Spans {
			if s.Start < 0 || s.Start >= s.End || s.End > utf8.RuneCountInString(m.Text) {
				return nil, fmt.Errorf("%s: line %d: a span lies outside of its text; they are counted in code points", name, len(set)+1)
			}
		}
		set = append(set, m)
	}
	return set, lines.Err()
}

// judge counts what an answer found of a text, and what of it is labelled.
func (m marked) judge(a answer, recall, precision map[string]*score) {
	labelled := make([]int, utf8.RuneCountInString(m.Text))
	for _, s := range m.Spans {
		byName := strings.Contains(s.Class, "NAME") && !strings.Contains(s.Class, "USER") || strings.Contains(s.Class, "PERSON")
		of(recall, s.Class).count(!a.leaks(m.Text, s.Start, s.End, byName, false))
		for i := s.Start; i < s.End; i++ {
			labelled[i] = 1
		}
	}
	for _, s := range a.Spans {
		n := 0
		for _, l := range labelled[s.Start:s.End] {
			n += l
		}
		of(precision, s.Class).count(2*n >= s.End-s.Start)
	}
}

func of(scores map[string]*score, class string) *score {
	if scores[class] == nil {
		scores[class] = &score{}
	}
	return scores[class]
}

func printScores(what string, scores map[string]*score) {
	all := score{}
	for _, class := range slices.Sorted(maps.Keys(scores)) {
		s := scores[class]
		all = score{all.hit + s.hit, all.all + s.all}
		fmt.Printf("  %s %-28s %.3f (%d of %d)\n", what, class, float64(s.hit)/float64(s.all), s.hit, s.all)
	}
	if all.all > 0 {
		fmt.Printf("  %s %-28s %.3f (%d of %d), Wilson 95 %% from %.3f\n", what, "all", float64(all.hit)/float64(all.all), all.hit, all.all, wilson(all.hit, all.all))
	}
}
