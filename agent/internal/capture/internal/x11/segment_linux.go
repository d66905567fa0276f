package x11

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	sysv "github.com/gen2brain/shm"
	"github.com/jezek/xgb/shm"
)

// segment is memory that we share with the X server alone: mode 0600, and removed from the system's table as soon as
// both hold it, so that nobody can attach it by its id and a crash leaves nothing behind.
type segment struct {
	data []byte
	id   shm.Seg
}

// newSegment shares at least size bytes.
func newSegment(c *conn, size int) (*segment, error) {
	const page = 64 << 10
	size = (size + page - 1) / page * page
	key, err := sysv.Get(sysv.IPC_PRIVATE, size, sysv.IPC_CREAT|0o600)
	if err != nil {
		return nil, fmt.Errorf("x11: get shared memory: %w", err)
	}
	data, err := sysv.At(key, 0, 0)
	if err != nil {
		return nil, fmt.Errorf("x11: attach shared memory: %w", errors.Join(err, sysv.Rm(key)))
	}
	g := &segment{data: data}
	if g.id, err = shm.NewSegId(c.Conn); err == nil {
		err = shm.AttachChecked(c.Conn, g.id, uint32(key), false).Check()
	}
	if rmErr := sysv.Rm(key); err == nil {
		err = rmErr
	}
	if err != nil {
		return nil, fmt.Errorf("x11: share memory with the display: %w", errors.Join(err, sysv.Dt(data)))
	}
	return g, nil
}

// free wipes the memory and gives it back.
func (g *segment) free(c *conn) {
	clear(g.data)
	shm.Detach(c.Conn, g.id)
	if err := sysv.Dt(g.data); err != nil {
		panic("x11: a segment was freed twice")
	}
	g.data = nil
}

// mostGiven bounds how many pictures wait, packed, to be masked or dropped; it is more than redaction lets wait.
const mostGiven = 32

var errGiven = errors.New("x11: too many pictures are not wiped yet")

// lender gives segments to slots and takes them back. One stays for the next grab while a window is watched.
type lender struct {
	given atomic.Int32 // pictures that somebody has

	mu   sync.Mutex // guards what follows
	keep bool
	lent int
	idle *segment
}

// borrow is memory of at least size bytes. What it holds is old.
func (s *Server) borrow(size int) (*segment, error) {
	l := &s.lender
	l.mu.Lock()
	g := l.idle
	l.idle = nil
	full := l.given.Load() >= mostGiven
	if !full {
		l.lent++
	}
	l.mu.Unlock()
	if g != nil && (full || len(g.data) < size || len(g.data) > 4*size+1<<20) {
		g.free(s.pic)
		g = nil
	}
	if full {
		return nil, errGiven
	}
	if g != nil {
		return g, nil
	}
	g, err := newSegment(s.pic, size)
	if err != nil {
		l.mu.Lock()
		l.lent--
		l.mu.Unlock()
	}
	return g, err
}

// slotsOut is how many segments the slots have. While they have them, the next grab overwrites the older one, and a segment that lay here
// beside them would be a picture's worth of memory for nothing.
const slotsOut = 2

// giveBack takes a segment back. It lies here until the next grab overwrites it, or for restAfter, and is wiped then; next says that this grab
// comes now.
func (s *Server) giveBack(g *segment, next bool) {
	l := &s.lender
	l.mu.Lock()
	l.lent--
	kept := l.keep && l.idle == nil && (next || l.lent < slotsOut)
	if kept {
		l.idle = g
	}
	l.mu.Unlock()
	if !kept {
		g.free(s.pic)
	}
}

// keepSegments says whether one that comes back is kept.
func (s *Server) keepSegments(keep bool) {
	l := &s.lender
	l.mu.Lock()
	l.keep = keep
	g := l.idle
	if !keep {
		l.idle = nil
	}
	l.mu.Unlock()
	if !keep && g != nil {
		g.free(s.pic)
	}
}
