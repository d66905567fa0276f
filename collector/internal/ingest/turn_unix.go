//go:build unix

package ingest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	sys "golang.org/x/sys/unix"
)

// turn waits until nobody else, in this process or another, changes the policy in a folder. The system gives the turn back when we die.
func turn(dir string) (io.Closer, error) {
	f, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return nil, fmt.Errorf("open the folder of the policy: %w", err)
	}
	for err = sys.EINTR; errors.Is(err, sys.EINTR); {
		err = sys.Flock(int(f.Fd()), sys.LOCK_EX)
	} // a file system without locks has no say
	return f, nil
}
