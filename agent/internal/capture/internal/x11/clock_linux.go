package x11

import (
	"math"
	"sync"
	"time"

	"github.com/byleave/byleave/policy"
	"golang.org/x/sys/unix"
)

// drift is by how much an event may seem older than it can be before the clock is measured anew: the server's clock
// stops while the computer sleeps, BOOTTIME does not. It is less than what capture takes for too late.
const drift = 150 * time.Millisecond

// spanMax is for how many milliseconds a span is used before it is measured anew.
const spanMax = 3_600_000

// clock maps the server's milliseconds (32 bits, wrapping) to BOOTTIME. Each span holds from its first time on.
type clock struct {
	mu    sync.Mutex
	spans []span
}

type span struct {
	from uint32
	boot time.Duration // BOOTTIME of server time from
}

func boottime() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("x11: this kernel has no CLOCK_BOOTTIME: " + err.Error())
	}
	return time.Duration(ts.Nano())
}

// after tells whether server time a is later than b.
func after(a, b uint32) bool { return int32(a-b) > 0 }

// at is the BOOTTIME of server time t, by the newest span that began before t.
func (c *clock) at(t uint32) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spans) == 0 {
		return 0
	}
	s := c.spans[0]
	for _, next := range c.spans[1:] {
		if !after(next.from, t) {
			s = next
		}
	}
	return s.boot + time.Duration(int32(t-s.from))*time.Millisecond
}

// set begins a span in which server time t is boot; a few old ones stay, for events that are judged late.
func (c *clock) set(t uint32, boot time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.spans = append(c.spans, span{t, boot})
	if len(c.spans) > 16 {
		c.spans = c.spans[1:]
	}
}

// moment is server time t on both clocks.
func (c *clock) moment(t uint32) policy.Moment {
	boot := c.at(t)
	return policy.Moment{Boot: boot, Wall: time.Now().Add(boot - boottime()).Round(0)}
}

// fits tells whether the map explains an event of time t that arrived now: it cannot be from the future nor older than
// the wait of a busy machine, and the newest span must not be so old that 32 bits wrap.
func (c *clock) fits(t uint32, now time.Duration) bool {
	c.mu.Lock()
	fresh := len(c.spans) > 0 && t-c.spans[len(c.spans)-1].from+1000 < spanMax
	c.mu.Unlock()
	lag := now - c.at(t)
	return fresh && lag > -20*time.Millisecond && lag < drift
}

// A measuring whose answer took longer than quick is made again, some times: the map may be wrong by half of what the best one took.
const (
	quick    = 20 * time.Millisecond
	measures = 3
)

// measure asks the server for its time and begins a span there.
func (c *clock) measure(from *conn) error {
	t, at, err := stamped(from.now, boottime)
	if err != nil {
		return err
	}
	c.set(t, at)
	return nil
}

// stamped is a time of the server and when that was.
func stamped(ask func() (uint32, error), boot func() time.Duration) (t uint32, at time.Duration, err error) {
	best := time.Duration(math.MaxInt64)
	for n := 0; n < measures && best > quick; n++ {
		before := boot()
		stamp, err := ask()
		if err != nil {
			return 0, 0, err
		}
		if took := boot() - before; took < best {
			best, t, at = took, stamp, before+took/2
		}
	}
	return t, at, nil
}
