package embed

import (
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

func syncFolder(d *os.File) error { return d.Sync() }
