//go:build unix

package export

import (
	"fmt"
	"os"
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
