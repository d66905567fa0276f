package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ended waits until a process that was asked to end is gone. One for which whoever started it has not waited is gone, too: it can still be
// signalled, and does nothing any more.
func ended(pid int) (err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("wait for process %d to end: %w", pid, err)
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("close", unix.Close(fd))) }()
	for limit := time.Now().Add(endLimit); ; {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(max(0, time.Until(limit)).Milliseconds()))
		switch {
		case n > 0:
			return nil
		case err != nil && !errors.Is(err, unix.EINTR):
			return fmt.Errorf("wait for process %d to end: %w", pid, err)
		case time.Now().After(limit):
			return fmt.Errorf("process %d does not end", pid)
		}
	}
}
