package sample

import (
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// Text is a text with one value in it. Start and End count code points. A clean text has no class.
type Text struct {
	Class string
	Text  string
	Start int
	End   int
}

// maker makes values of one class.
type maker struct {
	class string
	value func(*rand.Rand) string
	in    []string // places for it, with "%" where it stands
}

// Classes are the names of all classes, in a fixed order.
func Classes() []string {
	out := make([]string, len(makers))
	for i, m := range makers {
		out[i] = m.class
	}
	return out
}

// Positives makes n texts of a class.
func Positives(class string, seed uint64, n int) []Text {
	for _, m := range makers {
		if m.class == class {
			r := rand.New(rand.NewPCG(seed, uint64(len(class))<<32|uint64(class[0])))
			out := make([]Text, n)
			for i := range out {
				out[i] = m.text(r)
			}
			return out
		}
	}
	return nil
}

func (m maker) text(r *rand.Rand) Text {
	v := m.value(r)
	frame := pick(r, m.in)
	at := strings.IndexByte(frame, '%')
	before := frame[:at]
	start := utf8.RuneCountInString(before)
	return Text{m.class, before + v + frame[at+1:], start, start + utf8.RuneCountInString(v)}
}

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func some(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

const (
	digits = "0123456789"
	lowers = "abcdefghijklmnopqrstuvwxyz"
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	hexes  = "0123456789abcdef"
	alnums = digits + lowers + uppers
)

// Places where a value stands without a word that announces it: an editor, a terminal, a page, a table, a message, a log, code.
var bare = []string{
	"%", "%\n", "so it was % in the end", "note to self\n%\nbuy milk", "$ echo %\n$ ", "<p>%</p>", "<td>%</td><td>open</td>", "| 3 | % | paid |",
	"id,value,state\n17,%,open\n18,,closed\n", "2026-03-04 10:11:12 INFO worker-3 got % from queue", "{\"id\": 4, \"value\": \"%\"}", "x = \"%\"  # from the ticket",
	"Hi Sam, here it is: %. Thanks!", "Ist das richtig: %?", "voici : %", "- [ ] check %", "(%)", "Re: % (urgent)", "a\t%\tb", "%, as discussed yesterday",
	"please use % instead of the old one", "old -> %", "value=%&next=1", "'%'", "confirm %!", "von %", "Subject: %\n\nsee above",
}

func with(own ...string) []string { return append(own, bare...) }
