//go:build !linux

package raw

// borrow is memory for a moment, and what overwrites it.
func borrow(size int) (b []byte, free func()) {
	b = make([]byte, size)
	return b, func() { clear(b) }
}
