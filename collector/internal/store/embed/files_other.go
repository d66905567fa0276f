//go:build !linux

package embed

import (
	"errors"
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

// punch is not to be had here: zeros are written instead.
func punch(*os.File, int64, int64) error { return errors.ErrUnsupported }

// begin is not to be had here.
func begin(*os.File, int64, int64) {}

const canPass = false

// passCache is not to be had here.
func passCache(*os.File, bool) bool { return false }

// writeParts is not to be had here.
func writeParts(*os.File, [][]byte) (int, error) { return 0, errors.ErrUnsupported }
