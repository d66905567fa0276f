package export

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// newPrefix begins the names of files that are being written.
const newPrefix = ".new-"

// halfWritten tells whether a file was left behind by a write that was cut off.
func halfWritten(name string) bool { return strings.HasPrefix(name, newPrefix) }

// dropHalfWritten removes what writes that were cut off left in a folder.
func dropHalfWritten(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look at the export folder: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if halfWritten(e.Name()) {
			errs = append(errs, os.Remove(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}

// writeFile replaces a file durably: temporary file, fsync, rename, fsync of the folder.
func writeFile(path string, body []byte) error {
	f, err := createFile(path)
	if err != nil {
		return err
	}
	if _, err := f.Write(body); err != nil {
		return errors.Join(err, f.drop())
	}
	return f.keep()
}

// newFile is a file that has its name only when it is whole. What is written to it need not fit into memory.
type newFile struct {
	buf  *bufio.Writer
	f    *os.File
	path string
}

func createFile(path string) (*newFile, error) {
	f, err := os.CreateTemp(filepath.Dir(path), newPrefix+"*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", filepath.Base(path), err)
	}
	return &newFile{bufio.NewWriter(f), f, path}, nil
}

func (n *newFile) Write(b []byte) (int, error) {
	done, err := n.buf.Write(b)
	if err != nil {
		return done, fmt.Errorf("write %s: %w", filepath.Base(n.path), err)
	}
	return done, nil
}

// keep gives the file its name, durably, or removes it.
func (n *newFile) keep() error {
	err := n.buf.Flush() // tells of every write that failed before
	if err == nil {
		err = n.f.Sync()
	}
	if err = errors.Join(err, n.f.Close()); err == nil {
		err = os.Rename(n.f.Name(), n.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", filepath.Base(n.path), err), os.Remove(n.f.Name()))
	}
	return syncDir(filepath.Dir(n.path))
}

// drop removes what was written.
func (n *newFile) drop() error { return errors.Join(n.f.Close(), os.Remove(n.f.Name())) }

// syncDir makes a rename durable. Windows has no such call; its file system journals the folder.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("open a folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
