//go:build !windows

package service

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// foreign says who beside the person and root could put another program in the place of this one: nil if nobody can. It looks at the program, and at every
// folder on the way to it. In a folder like /tmp, where each may remove only what is theirs, what is the person's stays.
func foreign(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fmt.Errorf("look at the program: %w", err)
	}
	for p := real; ; p = filepath.Dir(p) {
		info, err := os.Lstat(p)
		if err != nil {
			return fmt.Errorf("look at the program: %w", err)
		}
		if !ours(info) {
			return fmt.Errorf("another user can change %s, and so put another program in the place of the agent: chmod go-w it, or install from a folder of your own", p)
		}
		if p == filepath.Dir(p) {
			return nil
		}
	}
}

// administrators is the group of those on macOS who may do what root may; folders of programs are theirs there.
const administrators = 80

// ours tells whether only the person and root can change a file, or put another in the place of something in a folder. A group of the same number as
// its owner is the owner's own, and that of root is root's.
func ours(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok || s.Uid != 0 && int(s.Uid) != os.Geteuid() {
		return false
	}
	if info.IsDir() && info.Mode()&os.ModeSticky != 0 {
		return true
	}
	mode := info.Mode().Perm()
	return mode&0o002 == 0 && (mode&0o020 == 0 || s.Gid == s.Uid || s.Gid == 0 || runtime.GOOS == "darwin" && s.Gid == administrators)
}
