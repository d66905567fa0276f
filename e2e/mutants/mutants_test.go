package mutants

import (
	"context"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// mutate is the file with the mistake in it.
func mutate(t *testing.T, root string, bug planted) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(bug.file)))
	check(t, err)
	if n := strings.Count(string(b), bug.from); n != 1 {
		t.Fatalf("%s: its place stands %d times in %s; plant it anew", bug.name, n, bug.file)
	}
	return strings.Replace(string(b), bug.from, bug.to, 1)
}

// TestPlants: every mistake has its place, and is Go. There are at least twenty.
func TestPlants(t *testing.T) {
	for _, bug := range bugs {
		if _, err := parser.ParseFile(token.NewFileSet(), bug.file, mutate(t, "../..", bug), 0); err != nil {
			t.Errorf("%s: %v", bug.name, err)
		}
	}
	if len(bugs) < 20 {
		t.Errorf("only %d", len(bugs))
	}
}

// TestPlantedBugsAreFound compiles and runs the suite over each mistake. The tests that find it must pass without it. BYLEAVE_NIGHTLY plants all;
// else the first alone, to prove that a mistake is one.
func TestPlantedBugsAreFound(t *testing.T) {
	root, err := filepath.Abs("../..")
	check(t, err)
	some := bugs
	if os.Getenv("BYLEAVE_NIGHTLY") == "" {
		some = bugs[:1]
	}
	well := map[string]string{} // what the suite says without a mistake, by package and tests
	found := 0
	for _, bug := range some {
		pkg := "./" + path.Dir(bug.file)
		run := pkg + " " + bug.tests
		if well[run] == "" {
			said, passed := suite(t, root, pkg, bug.tests, "")
			if !passed || strings.Contains(said, "no tests to run") {
				t.Fatalf("%s fails by itself:\n%s", run, said)
			}
			well[run] = said
		}
		said, passed := suite(t, root, pkg, bug.tests, overlay(t, root, bug))
		switch {
		case passed:
			t.Errorf("%s: %s: not found", bug.file, bug.name)
		case !strings.Contains(said, "--- FAIL") && !strings.Contains(said, "panic: "):
			t.Errorf("%s: %s: the suite did not run:\n%s", bug.file, bug.name, said)
		default:
			found++
			t.Logf("found by %s: %s", failed(said), bug.name)
		}
	}
	t.Logf("%d of %d planted bugs found", found, len(some))
}

// overlay is a file that lets the compiler see the mistake; the source itself is never touched.
func overlay(t *testing.T, root string, bug planted) string {
	t.Helper()
	dir := t.TempDir()
	changed := filepath.Join(dir, path.Base(bug.file))
	check(t, os.WriteFile(changed, []byte(mutate(t, root, bug)), 0o600))
	list, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, filepath.FromSlash(bug.file)): changed}})
	check(t, err)
	file := filepath.Join(dir, "overlay.json")
	check(t, os.WriteFile(file, list, 0o600))
	return file
}

// suite runs tests of one package, in their short form.
func suite(t *testing.T, root, pkg, tests, overlay string) (said string, passed bool) {
	t.Helper()
	args := []string{"test", "-count", "1", "-short", "-failfast", "-timeout", "10m", "-vet", "off", "-run", tests}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(context.Background(), "go", append(args, pkg)...)
	cmd.Dir = root
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "BYLEAVE_") && !strings.HasPrefix(v, "GOFLAGS=") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// failed is the first test that failed.
func failed(said string) string {
	_, rest, ok := strings.Cut(said, "--- FAIL: ")
	if !ok {
		return "a panic"
	}
	name, _, _ := strings.Cut(rest, " ")
	return name
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
