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
	queue, err := unix.Kqueue()
	if err != nil {
		return fmt.Errorf("wait for process %d to end: %w", pid, err)
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("close", unix.Close(queue))) }()
	ask := []unix.Kevent_t{{Ident: uint64(pid), Filter: unix.EVFILT_PROC, Flags: unix.EV_ADD, Fflags: unix.NOTE_EXIT}}
	if _, err := unix.Kevent(queue, ask, nil, nil); errors.Is(err, unix.ESRCH) {
		return nil
	} else if err != nil {
		return fmt.Errorf("wait for process %d to end: %w", pid, err)
	}
	for limit := time.Now().Add(endLimit); ; {
		left := unix.NsecToTimespec(max(0, time.Until(limit)).Nanoseconds())
		n, err := unix.Kevent(queue, nil, make([]unix.Kevent_t, 1), &left)
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
