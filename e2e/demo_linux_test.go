package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/pty"
)

// demoAt starts the demo on a desktop that runs already, at a terminal of its person's, as `make demo DISPLAY=...` does.
func demoAt(ctx context.Context, t *testing.T, d *desktop.Desktop) *pty.Terminal {
	t.Helper()
	demo := ""
	for _, name := range []string{"byleave", "byleave-ocr", "byleave-collector", "byleave-demo"} {
		var err error
		demo, err = d.Install(filepath.Join(bin, name))
		check(t, err)
	}
	cmd := d.Command(ctx, demo, "--bin", filepath.Dir(demo), "--out", filepath.Join(d.Home(), "out"), "--display", d.Display())
	term, err := pty.Start(cmd)
	check(t, err)
	return term
}

// left is what the demo has in its scratch folder while it runs.
func left(t *testing.T, d *desktop.Desktop) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(d.Dir(), "tmp", "*", "byleave"))
	check(t, err)
	return names
}

// TestDemoOnOnesOwnDesktop: a person's desktop runs, with its windows. The demo asks them at their terminal, records what they agreed to,
// exports it when they press Return, and leaves the desktop as it was.
func TestDemoOnOnesOwnDesktop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	d, err := desktop.Start(ctx, desktop.Options{Width: 1280, Height: 800})
	check(t, err)
	t.Cleanup(func() { check(t, d.Close()) })
	p, err := d.Start("editor", "/usr/bin/mousepad")
	check(t, err)
	editor, err := d.WaitWindow(ctx, "the editor", desktop.OfProcess(p.Pid))
	check(t, err)

	term := demoAt(ctx, t, d)
	for _, step := range [][2]string{
		{"  Mousepad: ", "pointer, frames\n"}, {"Type the word text", "text\n"}, {"Hours in which", "all\n"}, {"For how many days: ", "1\n"},
		{"Type yes to agree", "yes\n"}, {"press Return here to end", ""},
	} {
		check(t, term.Until(ctx, step[0]))
		check(t, term.Type(step[1]))
	}
	check(t, d.Focus(ctx, editor.ID))
	check(t, desktop.Until(ctx, "recording", func() bool {
		homes := left(t, d)
		if len(homes) != 1 {
			return false
		}
		out, err := d.Command(ctx, "env", "BYLEAVE_HOME="+homes[0], filepath.Join(d.Dir(), "bin", "byleave"), "status", "--json").Output()
		return err == nil && strings.Contains(string(out), `"recording"`)
	}))
	hand, err := d.Hand()
	check(t, err)
	defer hand.Close()
	awayFromEdges()
	for range 3 { // once is enough; an editor that is too busy to answer gives no text
		check(t, hand.Type(ctx, "apricot banana ", 20*time.Millisecond))
		awayFromEdges()
	}
	check(t, term.Type("\n"))
	shown, err := term.Wait()
	if err != nil {
		t.Fatalf("%v:\n%s", err, shown)
	}
	var steps strings.Builder
	check(t, filepath.WalkDir(filepath.Join(d.Home(), "out", "export"), func(name string, e os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".jsonl") {
			steps.WriteString(read(t, name))
		}
		return err
	}))
	if !strings.Contains(steps.String(), "apricot banana") {
		t.Errorf("what was typed is not in the export:\n%.2000s\nshown:\n%s", steps.String(), shown)
	}
	if homes := left(t, d); len(homes) != 0 || !p.Running() {
		t.Errorf("left behind: %v; the person's editor runs: %v", homes, p.Running())
	}
	if _, err := d.Geometry(editor.ID); err != nil {
		t.Errorf("the person's window: %v", err)
	}

	term = demoAt(ctx, t, d)
	check(t, term.Until(ctx, "  Mousepad: "))
	check(t, term.Type("no\n"))
	shown, err = term.Wait()
	if err != nil || !strings.Contains(string(shown), "agreed to nothing") || strings.Contains(string(shown), "Recording") {
		t.Errorf("after a no: %v\n%s", err, shown)
	}
}

// TestDemoDisplayIsNamed: `make demo` uses a desktop that the person names, never the one that the environment happens to have.
func TestDemoDisplayIsNamed(t *testing.T) {
	line := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("make", append([]string{"--no-print-directory", "-n", "-C", "..", "demo"}, args...)...)
		cmd.Env = append(os.Environ(), "DISPLAY=:78", "MAKEFLAGS=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if out := line("DISPLAY=:77"); !strings.Contains(out, "byleave-demo --display :77") {
		t.Errorf("make demo DISPLAY=:77 runs\n%s", out)
	}
	if out := line(); strings.Contains(out, "--display") || !strings.Contains(out, "byleave-demo") {
		t.Errorf("make demo runs\n%s", out)
	}
}
