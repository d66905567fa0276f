package keystore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile bounds what is read of one file. The largest, a consent with its notice and policy, stays far below.
const maxFile = 4 << 20

const tempPattern = ".new-*"

// read returns the content of a file, nil if there is none. It looks at the opened file, not at its name, so that nothing
// can be swapped in between.
func (s *Store) read(name string) ([]byte, error) {
	path := filepath.Join(s.dir, name)
	f, err := openNoFollow(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a plain file: %w", path, ErrLoose)
	}
	if err := private(info, path, "chmod 600"); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("%s is larger than this program ever writes: %w", name, ErrDamaged)
	}
	return b, nil
}

// write replaces a file durably: temporary file, fsync, rename, fsync of the folder. If it fails, the old file still stands.
func (s *Store) write(name string, b []byte) (err error) {
	f, err := os.CreateTemp(s.dir, tempPattern) // mode 0600
	if err != nil {
		return fmt.Errorf("make a file for %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, gone(os.Remove(f.Name())))
		}
	}()
	if _, err := f.Write(b); err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", name, err), f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("make %s durable: %w", name, err), f.Close())
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("close %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), filepath.Join(s.dir, name)); err != nil {
		return fmt.Errorf("put %s in place: %w", name, err)
	}
	return s.syncDir()
}

// remove takes a file away durably. A file that is not there is fine.
func (s *Store) remove(name string) error {
	err := os.Remove(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	return s.syncDir()
}

// names lists the files that start with prefix and end with suffix.
func (s *Store) names(prefix, suffix string) ([]string, error) {
	entries, err := os.ReadDir(s.dir) // sorted by name
	if err != nil {
		return nil, fmt.Errorf("list the key folder: %w", err)
	}
	var found []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix) {
			found = append(found, e.Name())
		}
	}
	return found, nil
}

// gone forgives that a file is already away.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
