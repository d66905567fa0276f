package embed

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/storetest"
)

// powerDisk knows which bytes and names a power cut would take.
type powerDisk struct {
	osDisk
	mu       sync.Mutex // guards what follows
	unsynced map[string]int
	unnamed  map[string]bool
}

type powerFile struct {
	file
	d    *powerDisk
	path string
}

func (d *powerDisk) Create(path string) (file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unnamed[path] = true
	f, err := d.osDisk.Create(path)
	return &powerFile{f, d, path}, err
}

func (d *powerDisk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for path := range d.unnamed {
		if filepath.Dir(path) == filepath.Clean(dir) {
			delete(d.unnamed, path)
		}
	}
	return d.osDisk.SyncDir(dir)
}

func (f *powerFile) Write(p []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	f.d.unsynced[f.path] += len(p)
	return f.file.Write(p)
}

func (f *powerFile) WriteParts(parts [][]byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	for _, b := range parts {
		f.d.unsynced[f.path] += len(b)
	}
	return f.file.WriteParts(parts)
}

func (f *powerFile) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	delete(f.d.unsynced, f.path)
	return f.file.Sync()
}

// TestI16NothingUnsyncedAtTheAck: when Put returns, a power cut would take no byte and no name of a pack.
func TestI16NothingUnsyncedAtTheAck(t *testing.T) {
	d := &powerDisk{unsynced: map[string]int{}, unnamed: map[string]bool{}}
	s, _, err := open(ctx, t.TempDir(), quiet(), d)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	p := storetest.Enrol(t, s)
	for i, size := range []int{1, 100, 8 << 10, 255 << 10, 256 << 10, 500 << 10} {
		if i%2 == 0 {
			s.packs.size = packLimit // every other group goes to a new pack
		}
		_, err := s.Put(ctx, []store.Record{p.Record(size), p.Record(1), p.Record(size)})
		must(t, err)
		if len(d.unsynced) != 0 || len(d.unnamed) != 0 {
			t.Fatalf("size %d: unsynced %v, unnamed %v", size, d.unsynced, d.unnamed)
		}
	}
}

// TestIndexPragmas: each connection of the index has what durability and erasure rest upon.
func TestIndexPragmas(t *testing.T) {
	s, _ := reopen(t, t.TempDir())
	for pragma, want := range map[string]string{"synchronous": "2", "secure_delete": "1", "journal_mode": "wal", "trusted_schema": "0", "temp_store": "2"} {
		var write, read string
		must(t, s.write.QueryRow("PRAGMA "+pragma).Scan(&write))
		must(t, s.read.QueryRow("PRAGMA "+pragma).Scan(&read))
		if write != want || read != want {
			t.Errorf("%s is %s and %s, want %s", pragma, write, read, want)
		}
	}
}
