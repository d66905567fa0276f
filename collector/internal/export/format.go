package export

import (
	"fmt"
	"os"
	"path/filepath"
)

// Format is the way in which an export lies on disk. What a step says is the same in each.
type Format string

// The formats: JSON lines beside pictures, one file a person; rows with their pictures in columns; an archive of samples.
const (
	JSONL      Format = "jsonl"
	Parquet    Format = "parquet"
	WebDataset Format = "webdataset"
)

// Formats are all, the one that is meant where none is named first.
var Formats = []Format{JSONL, Parquet, WebDataset}

// data is the folder of the files that hold steps.
func (f Format) data() string {
	if f == JSONL {
		return "trajectories"
	}
	return "data"
}

// end is how the names of those files end.
func (f Format) end() string {
	switch f {
	case Parquet:
		return "parquet"
	case WebDataset:
		return "tar"
	}
	return "jsonl"
}

// stage is the folder in which the folder of frames lies until the export is whole. Where pictures stand in the files of the steps, it goes with the parts.
func (f Format) stage() string {
	if f == JSONL {
		return ""
	}
	return partsDir
}

// A file of steps and pictures is closed before it is larger than this, and a row group, which readers and we hold in memory at once.
const (
	shardSize = 256 << 20
	groupSize = 64 << 20
)

// sink keeps steps in the files of a format, in the order in which they come.
type sink interface {
	begin(person int, size int64) error // a session of about so many bytes begins: it stays in one piece unless that alone is too long
	step(Step) error
	close() error // the last file is whole
	drop() error  // what is not whole goes
}

// newSink makes the sink of the export's format.
func (w *writer) newSink() sink {
	dir := filepath.Join(w.dir, w.state.Query.Format.data())
	s := &shards{dir: dir, stage: filepath.Join(w.dir, w.state.Query.Format.stage()), shardSize: shardSize}
	switch w.state.Query.Format {
	case Parquet:
		return &parquetSink{shards: s, export: w.state.Export, groupSize: groupSize}
	case WebDataset:
		return &tarSink{shards: s, export: w.state.Export}
	}
	return &lineSink{dir: dir}
}

// lineSink writes a person's steps to a file of JSON lines. Pictures stay where they are.
type lineSink struct {
	dir    string
	person int
	file   *newFile
}

func (l *lineSink) begin(person int, _ int64) (err error) {
	if l.file != nil && l.person == person {
		return nil
	}
	if err := l.close(); err != nil {
		return err
	}
	l.person = person
	l.file, err = createFile(filepath.Join(l.dir, fmt.Sprintf("%06d.jsonl", person)))
	return err
}

func (l *lineSink) step(s Step) error {
	line, err := marshal(s)
	if err != nil {
		return fmt.Errorf("encode a step: %w", err)
	}
	_, err = l.file.Write(append(line, '\n'))
	return err
}

func (l *lineSink) close() error {
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.keep()
}

func (l *lineSink) drop() error {
	if l.file == nil {
		return nil
	}
	return l.file.drop()
}

// shards are numbered files of bounded size that hold steps and their pictures.
type shards struct {
	dir, stage string
	shardSize  int64
	count      int
	file       *newFile // nil: none is open
	size       int64    // of what the open one was given
}

// open begins the next file.
func (s *shards) open(end string) (err error) {
	s.count, s.size = s.count+1, 0
	s.file, err = createFile(filepath.Join(s.dir, fmt.Sprintf("%06d.%s", s.count, end)))
	return err
}

// keep ends the open file.
func (s *shards) keep() error {
	f := s.file
	s.file = nil
	return f.keep()
}

func (s *shards) drop() error {
	if s.file == nil {
		return nil
	}
	return s.file.drop()
}

// full tells whether a session of so many bytes belongs into a file of its own.
func (s *shards) full(size int64) bool { return s.size > 0 && s.size+size > s.shardSize }

// picture reads the picture that a step names, nil if it names none.
func (s *shards) picture(f *Frame) ([]byte, error) {
	if f == nil || f.File == "" {
		return nil, nil
	}
	b, err := os.ReadFile(filepath.Join(s.stage, filepath.FromSlash(f.File)))
	if err != nil {
		return nil, fmt.Errorf("read a picture that was kept: %w", err)
	}
	return b, nil
}
