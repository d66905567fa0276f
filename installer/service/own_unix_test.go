//go:build !windows

package service

import (
	"os"
	"path/filepath"
	"testing"
)

// TestForeign: a program that somebody else can replace is no agent.
func TestForeign(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	program := filepath.Join(dir, "above", "bin", "byleave")
	must(t, os.MkdirAll(filepath.Dir(program), 0o755))
	must(t, os.WriteFile(program, nil, 0o755))
	link := filepath.Join(dir, "byleave")
	must(t, os.Symlink(program, link))
	for _, c := range []struct {
		path string
		mode os.FileMode
		bad  bool
	}{
		{program, 0o755, false}, {program, 0o757, true}, {filepath.Dir(program), 0o757, true}, {filepath.Dir(program), 0o757 | os.ModeSticky, false},
		{filepath.Join(dir, "above"), 0o757, true},
	} {
		before, err := os.Stat(c.path)
		must(t, err)
		must(t, os.Chmod(c.path, c.mode))
		for _, p := range []string{program, link} {
			if err := foreign(p); (err != nil) != c.bad {
				t.Errorf("%s with %v: %v", c.path, c.mode, err)
			}
		}
		must(t, os.Chmod(c.path, before.Mode()))
	}
	if os.Geteuid() == 0 {
		for gid, bad := range map[int]bool{0: false, 12345: true} {
			must(t, os.Chown(filepath.Dir(program), 0, gid))
			must(t, os.Chmod(filepath.Dir(program), 0o775))
			if err := foreign(program); (err != nil) != bad {
				t.Errorf("a folder of group %d: %v", gid, err)
			}
		}
		must(t, os.Chmod(filepath.Dir(program), 0o755))
		must(t, os.Chown(filepath.Join(dir, "above"), 65534, 65534))
		if foreign(program) == nil {
			t.Error("a folder of another user is above it")
		}
	}
	if foreign(filepath.Join(dir, "none")) == nil {
		t.Error("a program that is not there is taken")
	}
}
