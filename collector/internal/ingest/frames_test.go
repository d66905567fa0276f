package ingest

import "testing"

// TestFrames: memory has the length that was asked for, and comes back as long as it was, whatever was cut from it.
func TestFrames(t *testing.T) {
	var f frames
	for _, n := range []int{0, 1, smallFrame, smallFrame + 1, fullFrame, fullFrame + 1, 1 << 20} {
		for range 3 {
			b := f.Get(n)
			if len(*b) != n || n <= fullFrame && cap(*b) > 4*max(n, smallFrame) {
				t.Fatalf("%d bytes: length %d, %d reserved", n, len(*b), cap(*b))
			}
			*b = (*b)[:n/2]
			f.Put(b)
		}
	}
	foreign := make([]byte, 100)
	f.Put(&foreign)
	if b := f.Get(smallFrame); len(*b) != smallFrame {
		t.Fatal("foreign memory came back")
	}
}
