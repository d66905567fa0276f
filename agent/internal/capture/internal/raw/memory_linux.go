package raw

import "golang.org/x/sys/unix"

// borrow is memory for a moment, and what overwrites it and gives it back. It is none of Go's: a picture would double the heap for long.
func borrow(size int) (b []byte, free func()) {
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		b = make([]byte, size)
		return b, func() { clear(b) }
	}
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // four pages instead of two thousand; where it cannot be had, the small ones do
	_ = unix.Madvise(b, unix.MADV_DONTDUMP)
	return b, func() {
		clear(b)
		_ = unix.Munmap(b) // it is mapped, and nobody else has it
	}
}
