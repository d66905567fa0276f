package x11

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestAPathInAnotherNamespaceMeansNothing: a container or a sandbox can put its own program where the consented one lies here.
func TestAPathInAnotherNamespaceMeansNothing(t *testing.T) {
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	editor, evil := filepath.Join(dir, "editor"), filepath.Join(dir, "evil")
	must(os.WriteFile(editor, []byte("editor"), 0o700))
	must(os.WriteFile(evil, []byte("evil"), 0o700))
	ours, err := os.Readlink("/proc/self/ns/mnt")
	must(err)
	for what, c := range map[string]struct {
		space, program, path string
		want                 bool
	}{
		"the program itself":                                {ours, editor, editor, true},
		"replaced by an update while it runs":               {ours, evil, editor, true},
		"the same file, seen from a sandbox":                {"mnt:[1]", editor, editor, true},
		"another program at its place in a container":       {"mnt:[1]", evil, editor, false},
		"a program that only the sandbox has":               {"mnt:[1]", evil, filepath.Join(dir, "app"), true},
		"a program that is gone, where another lies here":   {"mnt:[1]", filepath.Join(dir, "gone"), editor, false},
		"a process of which nobody says where it is":        {"", editor, editor, false},
		"a path that cannot be looked at, in another space": {"mnt:[1]", evil, filepath.Join(editor, "below"), false},
	} {
		proc := t.TempDir() // as /proc/PID has it
		must(os.MkdirAll(filepath.Join(proc, "ns"), 0o700))
		must(os.Symlink(c.program, filepath.Join(proc, "exe")))
		if c.space != "" {
			must(os.Symlink(c.space, filepath.Join(proc, "ns", "mnt")))
		}
		if got := means(proc, c.path); got != c.want {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
	must(os.WriteFile(editor+" (deleted)", []byte("evil"), 0o700)) // what a link in /proc says of a program that is gone
	for space, want := range map[string]string{ours: editor, "mnt:[1]": "", "": ""} {
		proc := t.TempDir()
		must(os.MkdirAll(filepath.Join(proc, "ns"), 0o700))
		must(os.Symlink(editor+" (deleted)", filepath.Join(proc, "exe")))
		must(os.WriteFile(filepath.Join(proc, "status"), fmt.Appendf(nil, "Uid:\t%[1]d\t%[1]d\t%[1]d\t%[1]d\n", os.Geteuid()), 0o600))
		if space != "" {
			must(os.Symlink(space, filepath.Join(proc, "ns", "mnt")))
		}
		if got := program(proc); got != want {
			t.Errorf("in the mount namespace %q the program is %q, want %q", space, got, want)
		}
	}
	if executable(os.Getpid()) == "" {
		t.Error("this very program has no path")
	}
}
