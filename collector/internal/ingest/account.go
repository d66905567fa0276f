package ingest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"golang.org/x/sync/semaphore"
)

// What one device may have open at most, whatever it does. What it may send in a day, taken or refused, is said by Limits.
const (
	deviceStreams = 2
	deviceBytes   = 4 << 20 // in flight, over all streams
)

// memory counts the bytes of boxes in flight of all devices.
type memory struct{ used atomic.Int64 }

// take counts n bytes, unless they would be too many.
func (m *memory) take(n int64, l Limits) bool {
	if m.used.Add(n) > l.MemoryMiB<<20 {
		m.used.Add(-n)
		return false
	}
	return true
}

func (m *memory) free(n int64) { m.used.Add(-n) }

// accounts keeps one account per device that was here today.
type accounts struct {
	mu sync.Mutex // guards of and the streams of every account
	of map[store.ID]*account
}

// account is what a device uses.
type account struct {
	streams int
	bytes   *semaphore.Weighted

	mu    sync.Mutex // guards what follows
	day   int64
	spent int64
	boxes int64
}

// at is the account of a device.
func (a *accounts) at(device store.ID) *account {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.find(device)
}

func (a *accounts) find(device store.ID) *account {
	if a.of[device] == nil {
		a.of[device] = &account{bytes: semaphore.NewWeighted(deviceBytes)}
	}
	return a.of[device]
}

// enter opens a stream, unless the device has its share already.
func (a *accounts) enter(device store.ID) (*account, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acct := a.find(device)
	if acct.streams >= deviceStreams {
		return nil, false
	}
	acct.streams++
	return acct, true
}

func (a *accounts) leave(device store.ID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.of[device].streams--
}

// spend takes boxes and their size from today's budget; if it is used up, it says how long the day still lasts.
func (a *account) spend(boxes, size int64, now time.Time, l Limits) (time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	const daySeconds = 24 * 60 * 60
	if day := now.Unix() / daySeconds; day != a.day {
		a.day, a.spent, a.boxes = day, 0, 0
	}
	if a.spent+size > l.DayMiB<<20 || a.boxes+boxes > l.DayBoxes {
		return time.Unix((a.day+1)*daySeconds, 0).Sub(now), false
	}
	a.spent += size
	a.boxes += boxes
	return 0, true
}
