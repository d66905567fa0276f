package embed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// disk is what packs need of a file system; tests put one beneath that lies, fails or is full.
type disk interface {
	// Create makes a new file that must not exist yet, mode 0600.
	Create(path string) (file, error)
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
	Rename(from, to string) error
	Remove(path string) error
	// Blank makes parts of a file read as zeros, durably once it returns, and gives their space back where the file system can.
	Blank(path string, parts []part) error
	// Shred overwrites a small file in place, durably. What a disk keeps of the old bytes is beyond it.
	Shred(path string) error
}

// file is an open pack that is written at its end only.
type file interface {
	Write(p []byte) (int, error)
	// WriteParts writes parts one behind the other, and may change the slice of them.
	WriteParts(parts [][]byte) (int, error)
	// Past makes what is written go past the memory in which the system keeps files, or through it again. In between parts begin and end at
	// blocks, in memory and in the file. False: they go through it all the same.
	Past(on bool) bool
	// Sync returns when all written bytes are on stable storage. After an error nothing can be known of them.
	Sync() error
	Truncate(size int64) error
	Seek(offset int64, whence int) (int64, error)
	Close() error
}

// writeDurably makes a file of mode 0600 that replaces an old one in one step.
func writeDurably(d disk, path string, body []byte) error {
	tmp := path + ".tmp"
	if err := d.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.Create(tmp)
	if err != nil {
		return err
	}
	if _, err = f.Write(body); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.Remove(tmp))
	}
	if err := d.Rename(tmp, path); err != nil {
		return errors.Join(err, d.Remove(tmp))
	}
	return d.SyncDir(filepath.Dir(path))
}

type osDisk struct{}

// osFile is a file that lets the disk begin with what was written before all of it is: whoever syncs waits less.
type osFile struct {
	*os.File
	end, begun int64 // of what was written, and of what the disk was told of
	past       bool
}

// beginEvery is how many bytes a disk is told of at once. Less is not worth a call.
const beginEvery = 1 << 20

// Past is that of file.
func (f *osFile) Past(on bool) bool {
	f.past = passCache(f.File, on) && on
	return f.past
}

// Write is that of os.File.
func (f *osFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.end += int64(n)
	if f.end-f.begun >= beginEvery {
		begin(f.File, f.begun, f.end-f.begun)
		f.begun = f.end
	}
	return n, err
}

// WriteParts is that of file.
func (f *osFile) WriteParts(parts [][]byte) (n int, err error) {
	if f.past {
		n, err = writeParts(f.File, parts)
		if n > 0 || !errors.Is(err, syscall.EINVAL) {
			f.end += int64(n)
			f.begun = f.end
			return n, err
		}
		f.Past(false) // this disk has other blocks
	}
	for _, b := range parts {
		k, err := f.Write(b)
		if n += k; err != nil {
			return n, err
		}
	}
	return n, nil
}

// Sync is that of file.
func (f *osFile) Sync() error { return syncData(f.File) }

// Seek is that of os.File.
func (f *osFile) Seek(offset int64, whence int) (int64, error) {
	at, err := f.File.Seek(offset, whence)
	if err == nil {
		f.end, f.begun = at, at
	}
	return at, err
}

func (osDisk) Create(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &osFile{File: f}, nil
}

func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) Remove(path string) error { return os.Remove(path) }

func (osDisk) Blank(path string, parts []part) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if err == nil && punch(f, p.at, p.size) != nil {
			_, err = io.Copy(io.NewOffsetWriter(f, p.at), io.LimitReader(zeros{}, p.size))
		}
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func (osDisk) Shred(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = io.Copy(io.NewOffsetWriter(f, 0), io.LimitReader(zeros{}, info.Size()))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// zeros reads as zeros without an end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func (osDisk) SyncDir(dir string) error {
	d, err := os.Open(filepath.Clean(dir))
	if err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	err = syncFolder(d)
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
