package gate

import (
	"slices"
	"time"
)

// point is a value that holds from at on.
type point[T any] struct {
	at    time.Duration // BOOTTIME
	value T
}

// timeline is the history of one fact, in order of time. It always has a point, so that it has a value.
type timeline[T any] []point[T]

// set notes that the fact had value v from at on. A report may come late and then stands before a later one; of two at the
// same instant both are kept, in the order of the reports. A value that only repeats the one before it is kept, too: a
// third report may still come late and stand between them.
func (l *timeline[T]) set(at time.Duration, v T) {
	i := len(*l)
	for i > 0 && (*l)[i-1].at > at {
		i--
	}
	*l = slices.Insert(*l, i, point[T]{at, v})
}

// last is the newest value.
func (l timeline[T]) last() T { return l[len(l)-1].value }

// before is the value just before at; the oldest known one if the history does not reach so far.
func (l timeline[T]) before(at time.Duration) T {
	i := len(l) - 1
	for i > 0 && l[i].at >= at {
		i--
	}
	return l[i].value
}

// trim forgets what ended before horizon, and the oldest beyond most points. It returns the instant from which on the
// history is still whole: horizon, or later if there were too many points.
func (l *timeline[T]) trim(horizon time.Duration, most int) time.Duration {
	i := 0
	for i+1 < len(*l) && ((*l)[i+1].at <= horizon || len(*l)-i > most) {
		i++
	}
	*l = slices.Delete(*l, 0, i)
	return max(horizon, (*l)[0].at)
}
