package ingest

import (
	"sync"

	"google.golang.org/grpc/mem"
)

// frames is memory for the frames of connections, used again. grpc's own pool clears each piece before it is read into.
type frames struct{ small, full sync.Pool }

var _ mem.BufferPool = (*frames)(nil)

const (
	smallFrame = 4 << 10
	fullFrame  = 16 << 10 // grpc takes none that is longer
)

// Get is that of mem.BufferPool. The bytes hold whatever they held; grpc writes over all of them.
func (f *frames) Get(n int) *[]byte {
	pool, size := &f.full, fullFrame
	switch {
	case n > fullFrame:
		b := make([]byte, n)
		return &b
	case n <= smallFrame:
		pool, size = &f.small, smallFrame
	}
	if b, ok := pool.Get().(*[]byte); ok {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, size)
	return &b
}

// Put is that of mem.BufferPool.
func (f *frames) Put(b *[]byte) {
	switch cap(*b) {
	case smallFrame:
		f.small.Put(b)
	case fullFrame:
		f.full.Put(b)
	}
}
