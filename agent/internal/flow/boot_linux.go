package flow

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTime is CLOCK_BOOTTIME: it counts sleep, and nobody can set it.
func bootTime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("flow: CLOCK_BOOTTIME is missing: " + err.Error())
	}
	return time.Duration(ts.Nano())
}
