package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/bench/redaction/sample"
	"github.com/byleave/byleave/bench/report"
)

// pieceSize is how long the texts are whose speed is measured.
const pieceSize = 4 << 10

// speed measures megabytes a second of processor time, reading and writing included (for peers as JSON), the start of the program not: mixed text as
// in the task (nine parts of presidio's set, eleven parts of Go source) and clean texts.
func (o options) speed(t *table) error {
	prose, err := o.prose()
	if err != nil {
		return err
	}
	code, err := source()
	if err != nil {
		return err
	}
	var clean strings.Builder
	for _, s := range sample.Clean(5, 40000) {
		clean.WriteString(s.Text + "\n")
	}
	idle := map[string]time.Duration{} // what a start costs
	mixed := append(pieces(prose, 450), pieces(code, 550)...)
	for _, m := range []struct {
		what  string
		texts []string
	}{{"mixed text", mixed}, {"source code", pieces(code, 500)}, {"clean lines", pieces(clean.String(), 500)}} {
		row := t.row("speed, "+m.what+", one core", "MB/s", 50, report.Higher)
		for _, e := range t.names {
			texts := m.texts
			if e.name != "byleave" && e.name != "gitleaks" {
				texts = append(texts[:5:5], texts[len(texts)-5:]...) // slow ones see a part
			}
			if v, err := throughput(e, texts, idle); err == nil {
				row.value(e.name, v)
			}
		}
	}
	return nil
}

func throughput(e engine, texts []string, start map[string]time.Duration) (float64, error) {
	run, rounds := e.run, 1
	if e.name == "byleave" { // as a person would: plain text; it is done so soon that what else the machine does would decide
		run, rounds = plainRun(e.command[0]), 5
	}
	idle, ok := start[e.name]
	if !ok {
		var err error
		if idle, err = median(rounds, run, texts[:1]); err != nil {
			return 0, err
		}
		start[e.name] = idle
	}
	busy, err := median(rounds, run, texts)
	if err != nil || busy <= idle {
		return 0, fmt.Errorf("%s: no time passed", e.name)
	}
	n := 0
	for _, t := range texts[1:] {
		n += len(t)
	}
	return float64(n) / 1e6 / (busy - idle).Seconds(), nil
}

// median is the processor time of the middle one of some runs.
func median(rounds int, run func([]string) ([]answer, time.Duration, error), texts []string) (time.Duration, error) {
	var took []time.Duration
	for range rounds {
		_, d, err := run(texts)
		if err != nil {
			return 0, err
		}
		took = append(took, d)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// plainRun redacts texts as one plain text.
func plainRun(binary string) func([]string) ([]answer, time.Duration, error) {
	return func(texts []string) ([]answer, time.Duration, error) {
		cmd := exec.CommandContext(context.Background(), binary, "redact")
		cmd.Stdin = strings.NewReader(strings.Join(texts, "\n\n"))
		err := cmd.Run()
		return nil, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
	}
}

// pieces cuts text into so many pieces of a few kilobytes, between lines, over and over.
func pieces(text string, n int) []string {
	var out []string
	size := min(pieceSize, len(text))
	for rest := text; len(out) < n; {
		if len(rest) < size {
			rest = text
		}
		cut := strings.LastIndexByte(rest[:size], '\n') + 1
		if cut == 0 {
			cut = size
		}
		out = append(out, rest[:cut])
		rest = rest[cut:]
	}
	return out
}

func (o options) prose() (string, error) {
	set, err := o.labelled()
	if err != nil {
		return "", err
	}
	var all strings.Builder
	for _, s := range set {
		all.WriteString(s.Text + "\n")
	}
	return all.String(), nil
}

// source is Go's own net/http.
func source() (string, error) {
	out, err := exec.CommandContext(context.Background(), "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("ask go for its source: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "src/net/http/*.go"))
	if err != nil || len(files) == 0 {
		return "", errors.New("no source of net/http beside go")
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		all.Write(b)
	}
	return all.String(), nil
}
