//go:build unix

package ocr

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// trusted tells whether nobody but the person and root could have put the program there.
func trusted(path string) error {
	if !filepath.IsAbs(path) {
		return errors.New("its place is not known")
	}
	for _, p := range []string{path, filepath.Dir(path)} {
		info, err := os.Lstat(p)
		switch {
		case err != nil:
			return fmt.Errorf("look at %s: %w", p, errors.Unwrap(err))
		case p == path && !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a program; put byleave-ocr there", p)
		case !ours(info):
			return fmt.Errorf("others can write to %s; it must belong to you or root: chmod go-w it", p)
		}
	}
	return nil
}

// ours tells whether only the person and root can write to a file. A group of the same number as its owner is the person's own.
func ours(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return false
	}
	mode := info.Mode().Perm()
	return mode&0o002 == 0 && (mode&0o020 == 0 || s.Gid == s.Uid)
}

// root is the folder that the process begins in.
func root(string) string { return "/" }
