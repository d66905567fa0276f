package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// validate takes the place of a file of gitleaks in a copy of its source: it writes the cases down instead of trying them.
const validate = `package utils

import (
	"encoding/json"
	"os"

	"github.com/zricethezav/gitleaks/v8/config"
)

var out = func() *os.File {
	f, err := os.Create(os.Getenv("BYLEAVE_CASES"))
	if err != nil {
		panic(err)
	}
	return f
}()

func write(rule, path, text string, positive bool) {
	b, _ := json.Marshal(map[string]any{"rule": rule, "path": path, "text": text, "positive": positive})
	out.Write(append(b, '\n'))
}

func Validate(r config.Rule, positives, negatives []string) *config.Rule {
	for _, t := range positives {
		write(r.RuleID, "", t, true)
	}
	for _, t := range negatives {
		write(r.RuleID, "", t, false)
	}
	return &r
}

func ValidateWithPaths(r config.Rule, positives, negatives map[string]string) *config.Rule {
	for p, t := range positives {
		write(r.RuleID, p, t, true)
	}
	for p, t := range negatives {
		write(r.RuleID, p, t, false)
	}
	return &r
}
`

// writeCases copies the source of the pinned module, changes that one file, and runs its generator of rules.
func writeCases(file string) error {
	file, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/zricethezav/gitleaks/v8").Output()
	if err != nil {
		return fmt.Errorf("find the source of gitleaks: %w", err)
	}
	work, err := os.MkdirTemp("", "gitleaks")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, os.DirFS(strings.TrimSpace(string(dir)))); err != nil {
		return err
	}
	changed := filepath.Join(work, "cmd/generate/config/utils/validate.go")
	os.Chmod(filepath.Dir(changed), 0o755)
	os.Remove(changed)
	if err := os.WriteFile(changed, []byte(validate), 0o644); err != nil {
		return err
	}
	cmd := exec.Command("go", "run", ".", filepath.Join(work, "rules.toml"))
	cmd.Dir, cmd.Stderr = filepath.Join(work, "cmd/generate/config"), os.Stderr
	cmd.Env = append(os.Environ(), "BYLEAVE_CASES="+file)
	return cmd.Run()
}
