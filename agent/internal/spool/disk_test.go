package spool

import (
	"bytes"
	"errors"
	"io"
	"path"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// disk is a file system in memory that can be cloned as a crash would leave it, and that fails, lies and runs full on demand.
type disk struct {
	*vfs.MemFS
	before func(op string) error // called before each operation that changes something; an error makes it fail
	short  bool                  // a failing write writes half before it fails

	lies func(op, name string) lie // a planted bug: what is said to be done and is not

	poisoned map[string]bool // files whose fsync failed: only Remove may touch them
	touched  []string        // what was done to one of them all the same
}

// lie is how an operation goes wrong without a word.
type lie uint8

const (
	truth  lie = iota
	skip       // nothing is done
	half       // half of the bytes are written
	flip       // one bit is another
	copied     // a rename copies instead, without a sync
)

func (d *disk) lie(op, name string) lie {
	if d.lies == nil {
		return truth
	}
	return d.lies(op, name)
}

func newDisk() *disk { return wrap(vfs.NewCrashableMem()) }

func wrap(fs *vfs.MemFS) *disk { return &disk{MemFS: fs, poisoned: map[string]bool{}} }

// step runs before every operation that changes something.
func (d *disk) step(op, name string) error {
	if d.poisoned[name] && op != "remove" {
		d.touched = append(d.touched, op+" "+path.Base(name))
	}
	if d.before == nil {
		return nil
	}
	return d.before(op)
}

func (d *disk) MakeDir(dir string) error {
	if _, err := d.Stat(dir); err == nil {
		return nil
	}
	if err := d.step("mkdir", dir); err != nil {
		return err
	}
	if err := d.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return d.sync(path.Dir(dir))
}

func (d *disk) Private(string) error { return nil }

func (d *disk) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (d *disk) List(dir string) ([]FileInfo, error) {
	names, err := d.MemFS.List(dir)
	if err != nil {
		return nil, err
	}
	var out []FileInfo
	for _, n := range names {
		info, err := d.Stat(path.Join(dir, n))
		if err != nil {
			return nil, err
		}
		out = append(out, FileInfo{Name: n, Size: info.Size(), At: info.ModTime(), Regular: !info.IsDir(), Dir: info.IsDir()})
	}
	return out, nil
}

func (d *disk) Read(name string, limit int) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(info.Size(), int64(limit)))
	n, err := io.ReadFull(f, b)
	return b[:n], err
}

func (d *disk) Create(name string) (File, error) {
	if err := d.step("create", name); err != nil {
		return nil, err
	}
	if _, err := d.Stat(name); err == nil {
		return nil, errors.New("file exists")
	}
	f, err := d.MemFS.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, err
	}
	return &diskFile{File: f, d: d, name: name}, nil
}

func (d *disk) Rename(from, to string) error {
	if err := d.step("rename", from); err != nil {
		return err
	}
	switch d.lie("rename", to) {
	case skip:
		return nil
	case copied:
		b, err := d.Read(from, 1<<21)
		if err != nil {
			return err
		}
		f, err := d.MemFS.Create(to, vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return errors.Join(err, f.Close(), d.MemFS.Remove(from))
	}
	return d.MemFS.Rename(from, to)
}

func (d *disk) Remove(name string) error {
	if err := d.step("remove", name); err != nil {
		return err
	}
	if d.lie("remove", name) == skip {
		return nil
	}
	return d.MemFS.Remove(name)
}

func (d *disk) SyncDir(dir string) error {
	if err := d.step("syncdir", dir); err != nil {
		return err
	}
	return d.sync(dir)
}

func (d *disk) sync(dir string) error {
	if d.lie("syncdir", dir) == skip {
		return nil
	}
	f, err := d.OpenDir(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

type diskFile struct {
	vfs.File
	d    *disk
	name string
}

func (f *diskFile) Write(b []byte) (int, error) {
	if err := f.d.step("write", f.name); err != nil {
		n := 0
		if f.d.short {
			n, _ = f.File.Write(bytes.Clone(b[:len(b)/2]))
		}
		if errors.Is(err, errSilent) {
			err = nil
		}
		return n, err
	}
	switch f.d.lie("write", f.name) {
	case half:
		_, err := f.File.Write(bytes.Clone(b[:len(b)/2]))
		return len(b), err
	case flip:
		b = bytes.Clone(b)
		b[len(b)/2] ^= 4
	}
	return f.File.Write(bytes.Clone(b)) // under -race the file system in memory spoils what it was given
}

func (f *diskFile) Sync() error {
	if err := f.d.step("sync", f.name); err != nil {
		f.d.poisoned[f.name] = true
		return err
	}
	if f.d.lie("sync", f.name) == skip {
		return nil
	}
	return f.File.Sync()
}

var errIO, errFull = syscall.EIO, syscall.ENOSPC

// errSilent makes a write short without an error.
var errSilent = errors.New("nobody says so")

// put writes a file as it is, durable or not.
func put(t testing.TB, fs vfs.FS, name string, content []byte) {
	t.Helper()
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(bytes.Clone(content)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
