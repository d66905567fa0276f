package capture

import (
	"time"

	"github.com/byleave/byleave/policy"
	"golang.org/x/sys/unix"
)

// now is this instant on both clocks. Where BOOTTIME cannot be read, the moment is before everything and nothing is permitted.
func now() policy.Moment {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return policy.Moment{}
	}
	return policy.Moment{Boot: time.Duration(t.Nano()), Wall: time.Now()}
}
