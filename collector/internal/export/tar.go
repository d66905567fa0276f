package export

import (
	"archive/tar"
	"fmt"
)

// tarSink writes samples as the webdataset library reads them: neighbouring files of one name, told apart by their ends.
type tarSink struct {
	*shards
	export string // begins the names, so that no two exports have a sample or a file in common
	person int
	steps  int
	out    *tar.Writer
}

func (t *tarSink) begin(person int, size int64) error {
	if t.person != person {
		t.person, t.steps = person, 0
	}
	if !t.full(size) {
		return nil
	}
	return t.close()
}

func (t *tarSink) step(s Step) error {
	if t.full(0) {
		if err := t.close(); err != nil {
			return err
		}
	}
	if t.file == nil {
		if err := t.open("tar"); err != nil {
			return err
		}
		t.out = tar.NewWriter(t.file)
	}
	line, err := marshal(s)
	if err != nil {
		return fmt.Errorf("encode a step: %w", err)
	}
	t.steps++
	key := fmt.Sprintf("%.8s-%06d-%08d", t.export, s.Person, t.steps)
	if err := t.add(key+".json", line); err != nil {
		return err
	}
	if err := t.image(key+".before.png", s.Before); err != nil {
		return err
	}
	return t.image(key+".after.png", s.After)
}

func (t *tarSink) image(name string, f *Frame) error {
	b, err := t.picture(f)
	if err != nil || b == nil {
		return err
	}
	return t.add(name, b)
}

// add writes one file that is of nobody and of no time.
func (t *tarSink) add(name string, body []byte) error {
	t.size += int64(len(body)) + 1024 // head and filling
	if err := t.out.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(body)), Format: tar.FormatUSTAR}); err != nil {
		return err
	}
	_, err := t.out.Write(body)
	return err
}

func (t *tarSink) close() error {
	if t.file == nil {
		return nil
	}
	if err := t.out.Close(); err != nil {
		return err
	}
	return t.keep()
}
