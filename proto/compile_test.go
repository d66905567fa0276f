package proto

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestMustNotCompile builds each program of testdata/compile, laid over the module as if it stood in the named folder.
// "bad.go" must fail with the message that "want" names; "good.go", one line away, must compile: so that a case which fails
// for another reason than the wall it tests is noticed.
func TestMustNotCompile(t *testing.T) {
	files, err := filepath.Glob("testdata/compile/*.txtar")
	if err != nil || len(files) < 7 {
		t.Fatalf("compile cases: found %d, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range ar.Files {
				part[f.Name] = string(f.Data)
			}
			in := strings.TrimSpace(part["in"])
			if out, err := buildOver(t, in, part["good.go"]); err != nil {
				t.Fatalf("the twin must compile:\n%s", out)
			}
			out, err := buildOver(t, in, part["bad.go"])
			want := strings.TrimSpace(part["want"])
			if err == nil {
				t.Fatalf("compiles, and must not: %s", strings.TrimSpace(string(ar.Comment)))
			}
			if want == "" || !strings.Contains(out, want) {
				t.Fatalf("failed for another reason.\nwant: %s\ngot:\n%s", want, out)
			}
		})
	}
}

// buildOver compiles src as the only file of the folder in, which exists only in the overlay.
func buildOver(t *testing.T, in, src string) (string, error) {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	tmp := t.TempDir()
	real := filepath.Join(tmp, "probe.go")
	if err := os.WriteFile(real, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, in, "probe.go"): real}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", list, "-o", os.DevNull, "./"+in)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	return string(out), err
}
