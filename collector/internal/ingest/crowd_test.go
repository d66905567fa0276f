package ingest

import (
	"runtime/debug"
	"testing"
)

// TestCrowd: garbage is collected sooner while many streams are open, and as the operator wants it before and after.
func TestCrowd(t *testing.T) {
	percent := func() int {
		p := debug.SetGCPercent(100)
		debug.SetGCPercent(p)
		return p
	}
	for usual, many := range map[int]int{100: crowdPercent, 200: crowdPercent, 20: 20, -1: -1} {
		before := debug.SetGCPercent(usual)
		var c crowd
		for range 2 {
			for n := range crowdMany {
				if percent() != usual {
					t.Errorf("%d with %d streams, not %d", percent(), n, usual)
				}
				c.enter()
			}
			for n := crowdMany; n >= crowdMany/2; n-- {
				if percent() != many {
					t.Errorf("%d with %d streams, not %d", percent(), n, many)
				}
				c.leave()
			}
			for c.n > 0 {
				c.leave()
			}
		}
		debug.SetGCPercent(before)
	}
}
