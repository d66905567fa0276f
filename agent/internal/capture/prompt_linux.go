package capture

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// deepestChild bounds the walk down from a terminal's process, and mostChildren how many are looked at.
const (
	deepestChild = 24
	mostChildren = 1024
)

// asksPassword tells whether a terminal below process pid reads a line without showing it: ICANON on and ECHO off. A
// shell's own line editor has both off. What cannot be looked into counts as asking.
func asksPassword(pid int) bool {
	if pid <= 0 {
		return true
	}
	left := mostChildren
	return anyAsks(pid, deepestChild, &left, map[uint64]bool{})
}

// anyAsks looks at the children of pid, not at pid: its own terminal is the one that it was started from.
func anyAsks(pid, depth int, left *int, seen map[uint64]bool) bool {
	for _, child := range childrenOf(pid) {
		if asksBelow(child, depth, left, seen) {
			return true
		}
	}
	return false
}

func asksBelow(pid, depth int, left *int, seen map[uint64]bool) bool {
	if depth == 0 || *left == 0 {
		return true
	}
	*left--
	if tty, ok := ttyOf(pid); ok && !seen[tty] {
		seen[tty] = true
		if hidesLine(tty) {
			return true
		}
	}
	return anyAsks(pid, depth-1, left, seen)
}

// ttyOf is the device number of a process's pseudo terminal.
func ttyOf(pid int) (uint64, bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false // it has ended
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 5 {
		return 0, false
	}
	tty, err := strconv.ParseUint(f[4], 10, 32)
	major := unix.Major(tty)
	return tty, err == nil && major >= 136 && major <= 143
}

func childrenOf(pid int) []int {
	var out []int
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil // it has ended
	}
	for _, t := range tasks {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name()))
		if err != nil {
			continue
		}
		for _, f := range strings.Fields(string(b)) {
			if n, err := strconv.Atoi(f); err == nil {
				out = append(out, n)
			}
		}
	}
	return out
}

// hidesLine tells whether a pseudo terminal waits for a hidden line. It opens it without taking it over.
func hidesLine(tty uint64) bool {
	n := uint64(unix.Minor(tty)) + 256*uint64(unix.Major(tty)-136)
	fd, err := unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd)
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err != nil || t.Lflag&unix.ICANON != 0 && t.Lflag&unix.ECHO == 0
}
