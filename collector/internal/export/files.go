package export

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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
	return fillFile(path, func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
}

// fillFile is writeFile for what need not fit into memory.
func fillFile(path string, fill func(io.Writer) error) (err error) {
	name := filepath.Base(path)
	f, err := os.CreateTemp(filepath.Dir(path), newPrefix+"*") // mode 0600
	if err != nil {
		return fmt.Errorf("make %s: %w", name, err)
	}
	out := bufio.NewWriter(f)
	if err = fill(out); err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

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
