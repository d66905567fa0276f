package embed

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// syncData syncs the bytes and the length, not the times: one disk write less per group.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return err
		}
	}
}

// begin lets the disk begin with a part of a file. It promises nothing and waits for nothing; what fails shows at the next sync.
func begin(f *os.File, at, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), at, n, unix.SYNC_FILE_RANGE_WRITE)
}

const canPass = true // the page cache

// passCache makes writes to f go past the page cache, or through it again; false if the file system does not.
func passCache(f *os.File, on bool) bool {
	flags := 0
	if on {
		flags = unix.O_DIRECT
	}
	_, err := unix.FcntlInt(f.Fd(), unix.F_SETFL, flags)
	return err == nil
}

// writeParts writes parts with few calls, and changes the slice of them.
func writeParts(f *os.File, parts [][]byte) (n int, err error) {
	for len(parts) > 0 {
		k, err := unix.Writev(int(f.Fd()), parts)
		if err == unix.EINTR {
			continue
		}
		if err == nil && k == 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return n, err
		}
		for n += k; len(parts) > 0 && k >= len(parts[0]); parts = parts[1:] {
			k -= len(parts[0])
		}
		if k > 0 {
			parts[0] = parts[0][k:]
		}
	}
	return n, nil
}

func syncFolder(d *os.File) error { return d.Sync() }

// punch frees the blocks of a part of a file; it reads as zeros from then on.
func punch(f *os.File, at, n int64) error {
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, at, n)
}
