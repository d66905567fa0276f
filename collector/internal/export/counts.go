package export

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Counts tells what the steps of an export are, before anybody loads them.
type Counts struct {
	People       []int          `json:"people"`       // steps of each person, by number from 1
	Kinds        map[string]int `json:"kinds"`        // steps of each kind
	Applications map[string]int `json:"applications"` // actions in each
	Before       map[string]int `json:"before"`       // actions by how their picture before is proven, or why there is none
	After        map[string]int `json:"after"`
	Redacted     map[string]int `json:"redacted"`    // tokens in typed text, by class
	GapSeconds   map[string]int `json:"gap_seconds"` // time that was not recorded, by reason
	Characters   int            `json:"characters"`  // of typed text
}

// mostNames bounds each map: names are in boxes, so whoever makes boxes chooses them.
const mostNames = 200

// Names that may stand in a manifest and in a card as they are.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_:, -]{1,64}$`)

// newCounts has counted nothing: whoever reads it finds empty lists and not none.
func newCounts() Counts {
	return Counts{People: []int{}, Kinds: map[string]int{}, Applications: map[string]int{}, Before: map[string]int{}, After: map[string]int{},
		Redacted: map[string]int{}, GapSeconds: map[string]int{}}
}

// add counts one step.
func (c *Counts) add(s Step) {
	c.People = append(c.People, make([]int, max(0, s.Person-len(c.People)))...)
	c.People[s.Person-1]++
	plus(c.Kinds, s.Kind, 1)
	switch s.Kind {
	case "task":
		return
	case "gap":
		plus(c.GapSeconds, s.Reason, int(min(s.Seconds, 1<<32))) // a box may say any number
		return
	}
	plus(c.Applications, s.Application, 1)
	plus(c.Before, s.Before.tells(), 1)
	plus(c.After, s.After.tells(), 1)
	for _, span := range s.Spans {
		plus(c.Redacted, span.Class, 1)
	}
	if s.Text != nil {
		c.Characters += len([]rune(*s.Text))
	}
}

// tells says how a picture is proven, or why there is none.
func (f *Frame) tells() string {
	switch {
	case f == nil:
		return "none"
	case f.File != "":
		return cmp.Or(f.Proof, "not proven")
	}
	return "withheld: " + cmp.Or(f.Withheld, "no reason")
}

// plus counts under a name, or under "other" where the name is not one that we would print, or one too many.
func plus(in map[string]int, name string, n int) {
	if _, known := in[name]; !known && (!plainName.MatchString(name) || len(in) >= mostNames) {
		name = "other"
	}
	in[name] += n
}

// table writes the counts as a card has them: the largest first.
func (c Counts) table() string {
	var b strings.Builder
	b.WriteString("| What | How many |\n|---|---|\n")
	for _, row := range []struct {
		what string
		of   map[string]int
	}{{"steps by kind", c.Kinds}, {"actions by application", c.Applications}, {"actions by picture before", c.Before},
		{"actions by picture after", c.After}, {"tokens in typed text", c.Redacted}, {"seconds of gaps", c.GapSeconds}} {
		names := slices.SortedFunc(maps.Keys(row.of), func(a, b string) int { return cmp.Or(cmp.Compare(row.of[b], row.of[a]), cmp.Compare(a, b)) })
		var cells []string
		for _, name := range names {
			cells = append(cells, fmt.Sprintf("%s %d", name, row.of[name]))
		}
		fmt.Fprintf(&b, "| %s | %s |\n", row.what, cmp.Or(strings.Join(cells, "; "), "none"))
	}
	if len(c.People) > 0 {
		sorted := slices.Sorted(slices.Values(c.People))
		fmt.Fprintf(&b, "| steps of a person | least %d, median %d, most %d |\n", sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1])
	}
	fmt.Fprintf(&b, "| characters of typed text | %d |\n", c.Characters)
	return b.String()
}
