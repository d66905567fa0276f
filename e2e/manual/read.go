package manual

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Manual is what pages say: the flags of each command, by the whole of its name.
type Manual map[string]map[string]bool

var (
	heading = regexp.MustCompile("^## `(.*)`$")
	flagRow = regexp.MustCompile("^\\| `--([a-z0-9-]+)")
	spans   = regexp.MustCompile("`([^`\n]+)`")
	called  = regexp.MustCompile(`(?:^|[ (/'])(byleave(?:-[a-z]+)?)( .*)$`)
	plain   = regexp.MustCompile(`^[a-z][a-z-]*$`) // a word that can be a command's
	flagged = regexp.MustCompile(`(?:^|[ (])--([a-z][a-z0-9-]*)`)
)

// Read adds what a page says.
func (m Manual) Read(page string) {
	var here map[string]bool
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if h := heading.FindStringSubmatch(line); h != nil {
			here = map[string]bool{"help": true}
			m[name(strings.Fields(h[1]))] = here
		} else if f := flagRow.FindStringSubmatch(line); f != nil && here != nil {
			here[f[1]] = true
		}
	}
}

// name is the words of a line of usage that are the command's own.
func name(words []string) string {
	end := 0
	for end < len(words) && plain.MatchString(words[end]) {
		end++
	}
	return strings.Join(words[:end], " ")
}

// Wrong says which commands and flags a document names that no page knows. It looks at code alone: blocks, indented lines and spans.
func (m Manual) Wrong(document string) (out []string) {
	fenced := false
	for line := range strings.Lines(document) {
		line = strings.TrimRight(line, "\n")
		codes := []string{strings.TrimSpace(line)}
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
			continue
		case !fenced && !strings.HasPrefix(line, "    "):
			codes = nil
			for _, s := range spans.FindAllStringSubmatch(line, -1) {
				codes = append(codes, s[1])
			}
		}
		for _, code := range codes {
			if why := m.wrong(code); why != "" {
				out = append(out, fmt.Sprintf("%s: in %q", why, code))
			}
		}
	}
	return out
}

// wrong is what is wrong with one piece of code; nothing is if it names no program of ours.
func (m Manual) wrong(code string) string {
	code, comment, _ := strings.Cut(code, " #")
	for _, f := range flagged.FindAllStringSubmatch(comment, -1) {
		if !m.anywhere(f[1]) {
			return "no command has --" + f[1]
		}
	}
	if c := called.FindStringSubmatch(code); c != nil {
		return m.call(c[1], c[2])
	}
	first, _, _ := strings.Cut(code, " ")
	if f, ok := strings.CutPrefix(first, "--"); ok && !m.anywhere(f) {
		return "no command has --" + f
	}
	why := ""
	for _, program := range m.programs() { // a command without its program: one of them must have it as it is written
		if m[program+" "+first] == nil {
			continue
		}
		if why = m.call(program, " "+code); why == "" {
			return ""
		}
	}
	return why
}

// call is what is wrong with the words behind a program's name.
func (m Manual) call(program, rest string) string {
	if !m.holds(program) {
		return ""
	}
	at := program
	for _, w := range strings.Fields(rest) {
		if !plain.MatchString(w) {
			break
		}
		if m[at+" "+w] == nil {
			if m.holds(at) {
				return at + " has no command " + w
			}
			break
		}
		at += " " + w
	}
	for _, f := range flagged.FindAllStringSubmatch(rest, -1) {
		if f[1] != "help" && !m[at][f[1]] {
			return at + " has no --" + f[1]
		}
	}
	return ""
}

// holds tells whether there are commands below at.
func (m Manual) holds(at string) bool {
	for c := range m {
		if strings.HasPrefix(c, at+" ") {
			return true
		}
	}
	return false
}

// anywhere tells whether some command has the flag.
func (m Manual) anywhere(flag string) bool {
	for _, flags := range m {
		if flags[flag] {
			return true
		}
	}
	return false
}

// programs are the first words of all commands, sorted.
func (m Manual) programs() (out []string) {
	for c := range m {
		program, _, _ := strings.Cut(c, " ")
		if !slices.Contains(out, program) {
			out = append(out, program)
		}
	}
	slices.Sort(out)
	return out
}
