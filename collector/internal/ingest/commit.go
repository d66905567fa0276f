package ingest

import (
	"context"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
)

const (
	groupBoxes = 256
	groupBytes = 8 << 20 // while one group is synced, the next arrives
	groupWait  = 2 * time.Millisecond
	groupBusy  = 16 // from so many on it is worth to wait for more; a few devices have all that they may send in the group already
)

// committer gathers boxes of all streams into groups, so that one sync and one transaction carry many.
type committer struct {
	store keeper
	log   *slog.Logger
	jobs  chan job
	lanes chan struct{} // groups that are being stored
	done  sync.WaitGroup

	failing atomic.Bool // the last group could not be stored
}

// job is one record and where its outcome goes. answer must not block; it gets 0 when the store refused the group.
type job struct {
	record store.Record
	answer func(store.Outcome)
}

func newCommitter(s keeper, log *slog.Logger) *committer {
	c := &committer{store: s, log: log, jobs: make(chan job, groupBoxes), lanes: make(chan struct{}, 1)}
	if far, ok := s.(interface{ Lanes() int }); ok {
		c.lanes = make(chan struct{}, far.Lanes())
	}
	c.done.Go(c.run)
	return c
}

// close commits what is queued and ends the committer. Nobody may submit any more.
func (c *committer) close() {
	close(c.jobs)
	c.done.Wait()
}

// submit hands a record over. It waits while the queue is full.
func (c *committer) submit(ctx context.Context, j job) error {
	select {
	case c.jobs <- j:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run stores one group after the other, or as many at once as a store that is far away wants: while the lanes are full, the next group grows.
func (c *committer) run() {
	busy := false
	for first := range c.jobs {
		c.lanes <- struct{}{}
		group := c.gather(first, busy)
		busy = len(group) >= groupBusy
		if cap(c.lanes) == 1 {
			c.put(group)
			<-c.lanes
			continue
		}
		c.done.Go(func() {
			c.put(group)
			<-c.lanes
		})
	}
}

// gather takes what waits already, and under load waits a little for more: a lone device is not kept waiting.
func (c *committer) gather(first job, linger bool) []job {
	group, size := []job{first}, first.record.Size()
	var late <-chan time.Time
	if linger {
		timer := time.NewTimer(groupWait)
		defer timer.Stop()
		late = timer.C
	}
	for len(group) < groupBoxes && size < groupBytes {
		select {
		case j, ok := <-c.jobs:
			if !ok {
				return group
			}
			group, size = append(group, j), size+j.record.Size()
			continue
		default:
		}
		if late == nil {
			return group
		}
		select {
		case j, ok := <-c.jobs:
			if !ok {
				return group
			}
			group, size = append(group, j), size+j.record.Size()
		case <-late:
			return group
		}
	}
	return group
}

// put stores a group and answers. Its context is no stream's: one device that goes away must not fail the others.
func (c *committer) put(group []job) {
	records := make([]store.Record, len(group))
	for i := range group {
		records[i] = group[i].record
	}
	outcomes, err := c.store.Put(context.Background(), records)
	c.failing.Store(err != nil)
	if err != nil {
		c.log.Error("nothing can be stored: boxes are refused until this is mended", "error", err)
	}
	for i, j := range group {
		if err != nil {
			j.answer(0)
			continue
		}
		j.answer(outcomes[i])
	}
	// Those who send the answers of a few go first. Else they wait behind the next group until a core is free to take them over.
	if len(group) < groupBusy {
		runtime.Gosched()
	}
}
