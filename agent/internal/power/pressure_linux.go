package power

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// trigger is what a file such as /proc/pressure/cpu understands (Documentation/accounting/psi.rst in Linux): it asks to be woken when some program waited for 0.8 s of 2 s. Whoever is not root may ask for whole multiples of 2 s only.
const trigger = "some 800000 2000000"

// calm is how long nobody must have waited before the computer counts as free again.
const calm = 30 * time.Second

// watchPressure tells of the beginning and the end of pressure until ctx ends. It sleeps in the kernel, which wakes it only under pressure, and
// then twice in a while of calm. A kernel that does not tell, or not to this account, is one without pressure.
func watchPressure(ctx context.Context, file string, tell func(busy bool)) {
	if file == "" {
		return
	}
	fd, err := unix.Open(file, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, append([]byte(trigger), 0)); err != nil {
		return
	}
	_ = follow(ctx, fd, calm, tell) // what cannot be followed any more is a kernel that does not tell
}

// follow waits for the urgent events of fd.
func follow(ctx context.Context, fd int, calm time.Duration, tell func(busy bool)) error {
	r, w, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("watch the processor: %w", err)
	}
	defer r.Close()
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { w.Close(); close(ended) })
	defer func() {
		if stop() {
			w.Close()
		} else {
			<-ended
		}
	}()
	busy, wait := false, -1
	const deaf = -1 // poll passes over it
	listen := int32(fd)
	for {
		fds := []unix.PollFd{{Fd: listen, Events: unix.POLLPRI}, {Fd: int32(r.Fd())}}
		n, err := unix.Poll(fds, wait)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("watch the processor: %w", err)
		case fds[1].Revents != 0:
			return nil
		case n == 0 && listen == deaf:
			listen, wait = int32(fd), int((calm / 3).Milliseconds()) // what happened meanwhile is told at once
		case n == 0:
			busy, wait = false, -1
			tell(false)
		case fds[0].Revents&(unix.POLLERR|unix.POLLNVAL) != 0:
			if busy {
				tell(false)
			}
			return errors.New("watch the processor: the kernel ended it")
		default:
			listen, wait = deaf, int((2 * calm / 3).Milliseconds()) // under lasting pressure it is woken seldom, too
			if !busy {
				busy = true
				tell(true)
			}
		}
	}
}
