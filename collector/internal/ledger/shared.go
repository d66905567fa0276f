package ledger

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Shared is where several collectors keep one ledger: a row of parts, each the files that one append made. Every collector's folder is a
// copy of all parts; who adds the next one first has written the ledger, and all others follow. So no two ever sign different pasts.
type Shared interface {
	// AddPart adds the part of a number, durably; added is false if there is one already.
	AddPart(ctx context.Context, number uint64, part []byte) (added bool, err error)
	// Part returns the part of a number, nil if there is none.
	Part(ctx context.Context, number uint64) ([]byte, error)
	// Turn is true for one collector alone: the one that writes the lot of this time.
	Turn(ctx context.Context, at time.Time) (bool, error)
}

// errBehind says that another collector wrote meanwhile.
var errBehind = errors.New("ledger: another collector wrote it meanwhile")

// behindMost is how often what came in between is read before an append is given up until later.
const behindMost = 20

// copyName is the file that says how many parts the folder holds. While it is not there, nothing in the folder counts.
const copyName = "ledger.parts"

// SetShared makes the folder a copy of s. It is called before anything else.
func (l *Log) SetShared(s Shared) { l.shared = s }

// parts is how many parts the folder holds.
func (l *Log) parts() (n uint64, ok bool) {
	text, err := os.ReadFile(filepath.Join(l.dir, copyName))
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil
}

func (l *Log) setParts(n uint64) error {
	return replaceFile(filepath.Join(l.dir, copyName), []byte(strconv.FormatUint(n, 10)+"\n"))
}

// follow adds to the folder what others wrote. A folder of which it is not known that it is a copy is made anew.
func (l *Log) follow(ctx context.Context) error {
	if l.shared == nil {
		return nil
	}
	n, ok := l.parts()
	if !ok {
		if err := os.RemoveAll(l.path()); err != nil {
			return fmt.Errorf("ledger: make a copy: %w", err)
		}
		n = 0
	}
	for {
		part, err := l.shared.Part(ctx, n)
		if err != nil {
			return fmt.Errorf("ledger: read what others wrote: %w", err)
		}
		if part == nil {
			break
		}
		if err := l.apply(part); err != nil {
			return err
		}
		n++
		if err := l.setParts(n); err != nil {
			return fmt.Errorf("ledger: make a copy: %w", err)
		}
	}
	l.signed = l.signed || n > 0 // each part holds a checkpoint that covers it
	return nil
}

// Follow brings the folder up to date with what other collectors wrote.
func (l *Log) Follow(ctx context.Context) error {
	if l.shared == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.follow(ctx)
}

// share runs write and adds what it made as the next part. errBehind if another collector was faster: then the folder counts no more.
func (l *Log) share(ctx context.Context, write func() error) error {
	if l.shared == nil {
		return write()
	}
	n, _ := l.parts()
	began := time.Now()
	before, err := l.files()
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(l.dir, copyName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ledger: %w", err)
	}
	if err := write(); err != nil {
		return err
	}
	part, err := l.written(before, began)
	if err != nil {
		return err
	}
	added, err := l.shared.AddPart(ctx, n, part)
	if err != nil {
		return fmt.Errorf("ledger: write for all collectors: %w", err)
	}
	if !added {
		return errBehind
	}
	return l.setParts(n + 1)
}

// again runs do until no other collector comes in between.
func again(do func() error) (err error) {
	for range behindMost {
		if err = do(); !errors.Is(err, errBehind) {
			return err
		}
	}
	return err
}

// tick is longer than the steps in which a file system counts time: within one, a file may change and keep its time.
const tick = 20 * time.Millisecond

type stamp struct {
	size int64
	at   time.Time
}

// old tells whether a file had this stamp so long before a moment that it cannot have changed after it and kept its stamp.
func (s stamp) old(moment time.Time) bool { return s.at.Before(moment.Add(-tick)) }

// files is what lies in the folder.
func (l *Log) files() (map[string]stamp, error) {
	out := map[string]stamp{}
	err := filepath.WalkDir(l.path(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || filepath.Ext(path) == ".lock" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(l.path(), path)
		out[filepath.ToSlash(name)] = stamp{info.Size(), info.ModTime()}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("ledger: look into the folder: %w", err)
	}
	return out, nil
}

// written packs the files that are not as before, or changed so shortly before a moment that it cannot be told.
func (l *Log) written(before map[string]stamp, began time.Time) ([]byte, error) {
	now, err := l.files()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for name, s := range now {
		if before[name] == s && s.old(began) {
			continue
		}
		body, err := os.ReadFile(filepath.Join(l.path(), filepath.FromSlash(name)))
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body)), Format: tar.FormatUSTAR})
		}
		if err == nil {
			_, err = w.Write(body)
		}
		if err != nil {
			return nil, fmt.Errorf("ledger: pack what was written: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("ledger: pack what was written: %w", err)
	}
	return out.Bytes(), nil
}

// apply puts the files of a part into the folder, the checkpoint last: whoever reads it finds all that it covers.
func (l *Log) apply(part []byte) error {
	var last func() error
	for r := tar.NewReader(bytes.NewReader(part)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && (!filepath.IsLocal(filepath.FromSlash(h.Name)) || h.Typeflag != tar.TypeReg) {
			err = errors.New("a name that leads out of the folder")
		}
		var body []byte
		if err == nil {
			body, err = io.ReadAll(r)
		}
		if err != nil {
			return fmt.Errorf("ledger: read what others wrote: %w", err)
		}
		put := func() error { return replaceFile(filepath.Join(l.path(), filepath.FromSlash(h.Name)), body) }
		if h.Name == "checkpoint" {
			last = put
			continue
		}
		if err := put(); err != nil {
			return fmt.Errorf("ledger: make a copy: %w", err)
		}
	}
	if last == nil {
		return nil
	}
	if err := last(); err != nil {
		return fmt.Errorf("ledger: make a copy: %w", err)
	}
	return nil
}

// replaceFile makes a file in one step.
func replaceFile(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	tmp := path + ".new"
	f, err := os.OpenFile(filepath.Clean(tmp), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	return err
}
