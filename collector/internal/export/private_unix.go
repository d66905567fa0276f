//go:build unix

package export

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	sys "golang.org/x/sys/unix"
)

// private refuses a key file that group or world may touch.
func private(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("look at the key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others may read the key file; make it private with: chmod 600 %s", f.Name())
	}
	return nil
}

// lockFolder keeps a second export out of a folder until the result is closed. The system frees it when we die.
func lockFolder(dir string) (io.Closer, error) {
	f, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return nil, fmt.Errorf("open the export folder: %w", err)
	}
	if err := sys.Flock(int(f.Fd()), sys.LOCK_EX|sys.LOCK_NB); errors.Is(err, sys.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("another export writes %s at this moment; let it end, or choose another folder", dir), f.Close())
	} // a file system without locks has no say
	return f, nil
}
