//go:build !linux

package embed

import (
	"os"
	"runtime"
)

func syncData(f *os.File) error { return f.Sync() }

// syncFolder does nothing on Windows, where a folder cannot be synced and a rename is made durable by the file system.
func syncFolder(d *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return d.Sync()
}
