package fleet

import (
	"fmt"
	"math/bits"
	"sync/atomic"
	"time"
)

// Tally is what the devices saw. It may be read while they live.
type Tally struct {
	Sessions   atomic.Int64 // connections that were good for something
	Broken     atomic.Int64 // calls that ended without an answer of the collector: cut, refused, gone
	Told       atomic.Int64 // temporary refusals of the collector that said when to come back
	Unanswered atomic.Int64 // boxes that were sent and whose answer never came
	Sent       atomic.Int64 // boxes, each time they were sent
	Stored     atomic.Int64 // boxes that were new
	Duplicates atomic.Int64 // boxes that the collector knew already
	Bytes      atomic.Int64 // of boxes that were acknowledged
	Acks       Times        // from sending a box to its answer

	open atomic.Int64
	most atomic.Int64
}

// Connected counts one more connection, until the function that it returns is called.
func (t *Tally) connected() func() {
	now := t.open.Add(1)
	for most := t.most.Load(); now > most && !t.most.CompareAndSwap(most, now); most = t.most.Load() {
	}
	return func() { t.open.Add(-1) }
}

// Most is how many connections were open at once.
func (t *Tally) Most() int64 { return t.most.Load() }

func (t *Tally) String() string {
	return fmt.Sprintf("%d sessions, at most %d at once; %d boxes sent, %d stored, %d known already, %d without an answer; %d refusals with a time, %d broken calls; ack p50 %v, p99 %v",
		t.Sessions.Load(), t.Most(), t.Sent.Load(), t.Stored.Load(), t.Duplicates.Load(), t.Unanswered.Load(), t.Told.Load(), t.Broken.Load(),
		t.Acks.At(50).Round(10*time.Microsecond), t.Acks.At(99).Round(10*time.Microsecond))
}

// Times counts durations by size; each is known to an eighth.
type Times struct{ count [8 * 64]atomic.Int64 }

func (t *Times) add(d time.Duration) { t.count[slot(uint64(max(d, 1)))].Add(1) }

// slot is the place of n: its highest bit, and the three bits below that.
func slot(n uint64) int {
	top := bits.Len64(n) - 1
	if top < 3 {
		return int(n)
	}
	return top*8 + int(n>>(top-3))&7
}

// At is the duration below which so many percent lie, as its slot has it at most.
func (t *Times) At(percent int) time.Duration {
	var all, seen int64
	for i := range t.count {
		all += t.count[i].Load()
	}
	for i := range t.count {
		if seen += t.count[i].Load(); seen > all*int64(percent)/100 {
			return most(i)
		}
	}
	return 0
}

// most is the largest duration of a slot.
func most(i int) time.Duration {
	if i < 24 {
		return time.Duration(i)
	}
	top := i / 8
	return time.Duration((uint64(i%8)+9)<<(top-3) - 1)
}
