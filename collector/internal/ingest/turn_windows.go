package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// turn waits until nobody else, in this process or another, changes the policy in a folder. The system gives the turn back when we die. A folder cannot be
// locked here, so a file in it is.
func turn(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "policy.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the policy: %w", err)
	}
	if err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped)); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the policy: %w", err), f.Close())
	}
	return f, nil
}
