package ingest

import (
	"runtime/debug"
	"sync"
)

// crowd counts the upload streams that are open. What lies for as long as a stream is scattered among the garbage of handshakes, and the room
// between stays ours: with many streams that counts for more than the work to collect garbage twice as often.
type crowd struct {
	mu    sync.Mutex // guards what follows
	n     int
	many  bool
	usual int // share of garbage before there were many
}

const (
	crowdMany    = 256
	crowdPercent = 50
)

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n++; c.n < crowdMany || c.many {
		return
	}
	c.many, c.usual = true, debug.SetGCPercent(crowdPercent)
	if c.usual < crowdPercent { // the operator wants it so, or none
		debug.SetGCPercent(c.usual)
	}
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n--; c.many && c.n < crowdMany/2 {
		c.many = false
		debug.SetGCPercent(c.usual)
	}
}
