//go:build !linux

package flow

import "time"

var started = time.Now()

// bootTime is the monotonic clock since the start of the program.
func bootTime() time.Duration { return time.Since(started) }
