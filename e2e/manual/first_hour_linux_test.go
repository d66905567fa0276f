package manual_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// blocks are the code blocks of a language in those sections of a document that are named, in the document's order.
func blocks(document, language string, sections ...string) (out string) {
	for part := range strings.SplitSeq(document, "\n## ") {
		for _, s := range sections {
			if strings.HasPrefix(part, s+"\n") {
				for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(part, -1) {
					out += m[1]
				}
			}
		}
	}
	return out
}

// TestFirstHourOfAnOperator: what docs/first-hour.md tells an operator and a custodian to type works as it stands, from an empty folder to an export, which
// the program of docs/export.md reads. What a person types needs a desktop, and stands in the tests of e2e.
func TestFirstHourOfAnOperator(t *testing.T) {
	steps := blocks(read(t, "docs/first-hour.md"), "sh", "The operator makes a collector", "The custodian makes a key", "The operator asks for something", "The custodian exports")
	program := blocks(read(t, "docs/export.md"), "python", "In Python", "As chats for a model")
	for old, now := range map[string]string{
		"2> collector.log &":   "--listen 127.0.0.1:0 2> collector.log > ready &\ntrap \"kill $!\" EXIT\nuntil [ -s ready ] || ! kill -0 $!; do sleep 0.1; done\n: ",
		"--out trajectories\n": "--out trajectories --yes\n",
	} {
		if strings.Count(steps, old) != 1 {
			t.Fatalf("%q stands not once in the steps:\n%s", old, steps)
		}
		steps = strings.Replace(steps, old, now, 1)
	}
	bin, err := filepath.Abs(root + "/bin")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), name, args...)
		cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir, "PATH=" + bin + ":/usr/bin:/bin", "LANG=C.UTF-8"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		return string(out)
	}
	said := run("bash", "-euo", "pipefail", "-c", steps)
	for _, want := range []string{"Next: byleave-collector serve", "WHO AND WHY", "policy version 1 is published", "byleave://127.0.0.1:", "0 people from 0 boxes"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "trajectories", "manifest.json")); err != nil {
		t.Error(err)
	}
	run("python3", "-c", program)
	page := filepath.Join(dir, "trajectories", "manifest.json")
	if err := os.WriteFile(page, []byte(`{"files": {"manifest.json": "00"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-c", program)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "is not what was exported") {
		t.Errorf("the control: the program takes an export that was changed: %v\n%s", err, out)
	}
}
