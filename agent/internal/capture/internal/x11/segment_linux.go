package x11

import (
	"errors"
	"fmt"

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

// A picture is grabbed through a segment that holds a part of it, so that little memory is shared, and none once the window stands. More requests
// for it would cost more than the memory is worth.
const (
	leastRoom = 1 << 20
	roomPart  = 2 // of the whole
)

var errGiven = errors.New("x11: too many pictures are not wiped yet")

// borrow is memory of so many bytes, or of more, that is shared with the server. What it holds is old.
func (s *Server) borrow(size int) (*segment, error) {
	if g := s.seg; g != nil && len(g.data) >= size && len(g.data) <= size+size/2+leastRoom {
		return g, nil
	}
	s.giveBack()
	g, err := newSegment(s.pic, size)
	s.seg = g
	return g, err
}

// giveBack wipes the memory that is shared with the server and gives it back.
func (s *Server) giveBack() {
	if s.seg != nil {
		s.seg.free(s.pic)
		s.seg = nil
	}
}
