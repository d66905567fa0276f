package main

import (
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// letGo lets go of the pages of the program's file. Most of them served the start alone; those that are used come back at the next touch, from
// the page cache: sixteen at once, not the two megabytes that a large page of a file just written has, or all would soon be back.
func letGo() {
	for _, p := range filePages() {
		for _, advice := range []uintptr{unix.MADV_NOHUGEPAGE, unix.MADV_DONTNEED} {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, p.from, p.to-p.from, advice) // if it fails, they stay
		}
	}
}

// pages are a part of this process's memory.
type pages struct{ from, to uintptr }

// filePages are where the program's file lies in memory as it is on the disk. What was written to since, as a position independent program
// does at its start, is none of it: it would come back as it was before.
var filePages = sync.OnceValue(func() []pages {
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return nil
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		return nil
	}
	return pristine(string(smaps), exe)
})

// pristine reads smaps, proc_pid_smaps(5): the mappings of a file that nobody may write to and in which no page is the process's own.
func pristine(smaps, file string) (out []pages) {
	var here pages
	for line := range strings.Lines(smaps) {
		line = strings.TrimSuffix(line, "\n")
		f := strings.Fields(line)
		switch {
		case len(f) >= 5 && strings.Contains(f[0], "-"):
			here = pages{}
			from, to, _ := strings.Cut(f[0], "-")
			a, errA := strconv.ParseUint(from, 16, 64)
			b, errB := strconv.ParseUint(to, 16, 64)
			if errA == nil && errB == nil && len(f) >= 6 && !strings.Contains(f[1], "w") && strings.HasSuffix(line, " "+file) {
				here = pages{uintptr(a), uintptr(b)}
			}
		case len(f) == 3 && f[0] == "Anonymous:" && f[1] == "0" && here != pages{}:
			out = append(out, here)
		}
	}
	return out
}
