package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// slack is how late the kernel may be with a timer of the agent, which saves wake-ups: Go's watchman of goroutines sleeps for 20 microseconds again
// and again whenever anything works, and cost a seventh of all that the agent did. No timer of ours is about less than some milliseconds.
const slack = time.Millisecond

// slacken starts this program again, in its own place, with timers that may be late: a thread begins with the slack of the one that made it, and the
// watchman was made before anything of ours ran. It returns in the program that has it, or if it cannot be had; then all is as before, a little dearer.
func slacken() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || now >= int(slack) {
		return
	}
	exe, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0) != nil {
		return
	}
	if now, err = unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0); err != nil || now < int(slack) {
		return // a thread of real time has none: the program would start for ever
	}
	_ = syscall.Exec(exe, os.Args, os.Environ()) // it returns only if it failed
}
