package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"
	"unicode"
)

// span is a place that an engine redacted, in code points.
type span struct {
	Class string `json:"class"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// answer is what an engine says of a text: spans, or only the text that it left.
type answer struct {
	Text  string `json:"text"`
	Spans []span `json:"spans"`
}

// engine is a program that reads JSON lines with "text" and answers each with "spans" or "text".
type engine struct {
	name    string
	command []string
	plain   bool // it says no spans
}

// run gives the answers of an engine, and the processor time that it took.
func (e engine) run(texts []string) ([]answer, time.Duration, error) {
	var in, complaint bytes.Buffer
	enc := json.NewEncoder(&in)
	enc.SetEscapeHTML(false)
	for _, t := range texts {
		_ = enc.Encode(map[string]string{"text": t}) // into memory
	}
	cmd := exec.CommandContext(context.Background(), e.command[0], e.command[1:]...)
	cmd.Stdin, cmd.Stderr = &in, &complaint
	b, err := cmd.Output()
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w: %s", e.name, err, last(complaint.String()))
	}
	out := make([]answer, 0, len(texts))
	sc := bufio.NewScanner(bytes.NewReader(b))
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var a answer
		if err := json.Unmarshal(sc.Bytes(), &a); err != nil {
			return nil, 0, fmt.Errorf("%s: answer %d: %w", e.name, len(out)+1, err)
		}
		out = append(out, a)
	}
	if len(out) != len(texts) {
		return nil, 0, fmt.Errorf("%s: %d answers to %d texts", e.name, len(out), len(texts))
	}
	return out, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), nil
}

func last(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// leaks tells whether the value at start to end of text survived: four characters in a row of it (all, if it is shorter), or for
// a name one whole word of two letters or more.
func (a answer) leaks(text string, start, end int, name, plain bool) bool {
	r := []rune(text)
	if plain {
		return survives(a.Text, string(r[:start])+"\x00"+string(r[end:]), r[start:end], name)
	}
	hidden := make([]bool, len(r))
	for _, s := range a.Spans {
		for i := s.Start; i < s.End && i < len(r); i++ {
			hidden[i] = true
		}
	}
	if name {
		for i := start; i < end; {
			j := i
			for j < end && isWord(r[j]) {
				j++
			}
			if j-i >= 2 {
				for k := i; k < j; k++ {
					if !hidden[k] {
						return true
					}
				}
			}
			i = max(j, i+1)
		}
		return false
	}
	run := 0
	for i := start; i < end; i++ {
		if hidden[i] {
			run = 0
		} else if run++; run >= min(4, end-start) {
			return true
		}
	}
	return false
}

// survives looks for pieces of the value in an output, unless the rest of the text has them as well.
func survives(out, rest string, value []rune, name bool) bool {
	if name {
		for _, w := range strings.FieldsFunc(string(value), func(r rune) bool { return !isWord(r) }) {
			if len([]rune(w)) >= 2 && strings.Contains(out, w) && !strings.Contains(rest, w) {
				return true
			}
		}
		return false
	}
	n := min(4, len(value))
	for i := 0; i+n <= len(value); i++ {
		if p := string(value[i : i+n]); strings.Contains(out, p) && !strings.Contains(rest, p) {
			return true
		}
	}
	return false
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }
