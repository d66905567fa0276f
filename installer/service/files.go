//go:build !windows

package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// memory is what lay at some paths at one time.
type memory []file

// file is one path: nothing, a link, or content.
type file struct {
	path, link string
	content    []byte
	there      bool
}

// remember reads what lies at paths, so that a failure can be undone.
func remember(paths ...string) (memory, error) {
	var m memory
	for _, p := range paths {
		f := file{path: p}
		info, err := os.Lstat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("look at what is installed: %w", err)
		case info.Mode().Type() == fs.ModeSymlink:
			f.link, err = os.Readlink(p)
			f.there = true
		default:
			f.content, err = os.ReadFile(p)
			f.there = true
		}
		if err != nil && f.there {
			return nil, fmt.Errorf("read what is installed: %w", err)
		}
		m = append(m, f)
	}
	return m, nil
}

// restore brings back exactly what was remembered, and removes what came since.
func (m memory) restore() error {
	var all error
	for _, f := range m {
		err := removeAll(f.path)
		if f.there {
			err = errors.Join(err, os.MkdirAll(filepath.Dir(f.path), 0o700))
			if f.link != "" {
				err = errors.Join(err, os.Symlink(f.link, f.path))
			} else {
				err = errors.Join(err, os.WriteFile(f.path, f.content, 0o644))
			}
		}
		all = errors.Join(all, err)
	}
	removeEmpty(folders()...)
	return all
}

// removeAll removes files; one that is not there is no error.
func removeAll(paths ...string) error {
	for _, p := range paths {
		if err := os.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what was installed: %w", err)
		}
	}
	return nil
}

// removeEmpty removes folders that hold nothing, deepest first. A link to a folder is the person's own and stays.
func removeEmpty(dirs ...string) {
	for _, d := range dirs {
		if info, err := os.Lstat(d); err != nil || !info.IsDir() {
			continue
		}
		if entries, err := os.ReadDir(d); err != nil || len(entries) > 0 {
			continue
		}
		if err := os.Remove(d); err != nil {
			continue // something came into it just now
		}
	}
}

// installed tells whether the unit or the LaunchAgent lies in its place.
func installed() bool {
	_, err := os.Lstat(files()[0])
	return err == nil
}

// anyThere tells whether anything of an installation is there, be it whole or not.
func anyThere() bool {
	for _, path := range files() {
		if _, err := os.Lstat(path); err == nil {
			return true
		}
	}
	return false
}
