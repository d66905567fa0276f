package power

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"
)

// How much of the last ten seconds some program must have waited for a processor for that to be pressure, and how little for it to be over, in percent.
const (
	busyFrom  = 40
	busyUntil = 20
)

// The kernel tells something new every two seconds. What nobody asks about for long counts for nothing any more.
const (
	lookEvery = 2 * time.Second
	lapse     = 30 * time.Second
)

// Pressure tells whether programs wait for the processor. It looks when it is asked and never by itself, so that neither a quiet computer nor
// a busy one wakes the agent while there is nothing to record. It is safe for concurrent use. Make one with WatchPressure.
type Pressure struct {
	file    *os.File
	changed func()

	mu     sync.Mutex
	busy   bool
	looked time.Time
	over   *time.Timer // ends pressure that nobody asked about for long; it runs under pressure only
}

// WatchPressure tells of a file such as /proc/pressure/cpu (Documentation/accounting/psi.rst in Linux), and calls changed whenever the answer
// is another one. Without such a file there is no pressure.
func WatchPressure(file string, changed func()) *Pressure {
	p := &Pressure{changed: changed}
	p.file, _ = os.Open(file) // a kernel that does not tell is one without pressure
	p.over = time.AfterFunc(time.Hour, func() { p.tell(false) })
	p.over.Stop()
	return p
}

// Busy tells whether programs wait for the processor. The nil Pressure is none.
func (p *Pressure) Busy() bool {
	if p == nil {
		return false
	}
	p.mu.Lock()
	busy := p.busy
	due := p.file != nil && time.Since(p.looked) >= lookEvery
	if due {
		p.looked = time.Now()
	}
	p.mu.Unlock()
	if !due {
		return busy
	}
	share, ok := p.look()
	busy = ok && (share >= busyFrom || busy && share >= busyUntil)
	if busy {
		p.over.Reset(lapse)
	} else {
		p.over.Stop()
	}
	p.tell(busy)
	return busy
}

func (p *Pressure) tell(busy bool) {
	p.mu.Lock()
	other := busy != p.busy
	p.busy = busy
	p.mu.Unlock()
	if other {
		p.changed()
	}
}

// look reads how much of the last ten seconds some program waited, in percent.
func (p *Pressure) look() (share float64, ok bool) {
	var line [64]byte
	n, err := p.file.ReadAt(line[:], 0)
	if n == 0 && err != nil {
		return 0, false
	}
	_, rest, found := bytes.Cut(line[:n], []byte("some avg10="))
	if !found {
		return 0, false
	}
	number, _, _ := bytes.Cut(rest, []byte(" "))
	share, err = strconv.ParseFloat(string(number), 64)
	return share, err == nil
}

// Close ends it; from then on there is no pressure.
func (p *Pressure) Close() {
	p.over.Stop()
	if p.file != nil {
		_ = p.file.Close() // it was only read
	}
}
