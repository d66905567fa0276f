package ingest

import (
	"sync"

	"github.com/byleave/byleave/proto/envelope"
)

// shelves keep the memory of boxes for the next ones of their size: under load it would be made and given back thousands of times in a
// second. What lies there is sealed, and is gone with the next garbage collections if nobody wants it.
var shelves [envelope.MaxBucket + 1]sync.Pool

// shelfRoom is for the header and the capsules of a box; one with many custodians stands on a larger shelf, or on none.
const shelfRoom = 8 << 10

func shelfSize(i int) int { return envelope.MinPadded<<i + shelfRoom }

// fromShelf is memory for n bytes, which hold whatever they held.
func fromShelf(n int) []byte {
	for i := range shelves {
		if n > shelfSize(i) {
			continue
		}
		if b, ok := shelves[i].Get().(*[]byte); ok {
			return (*b)[:n]
		}
		return make([]byte, n, shelfSize(i))
	}
	return make([]byte, n)
}

// toShelf gives the memory of a box back. Nobody may look at it any more. Memory that came from elsewhere is left alone.
func toShelf(b []byte) {
	for i := range shelves {
		if cap(b) == shelfSize(i) {
			shelves[i].Put(&b)
			return
		}
	}
}
