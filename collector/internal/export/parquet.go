package export

import (
	"fmt"
	"reflect"

	"github.com/parquet-go/parquet-go"
)

// images are the columns of a row in which the pictures stand that its step only names.
type images struct {
	Before *picture `json:"before_image,omitempty"`
	After  *picture `json:"after_image,omitempty"`
}

// picture has the shape of Hugging Face's Image feature.
type picture struct {
	Bytes []byte `json:"bytes"`
	Path  string `json:"path"`
}

// imageFeatures tells datasets that these columns are pictures; what the others are it sees.
const imageFeatures = `{"info":{"features":{"before_image":{"_type":"Image"},"after_image":{"_type":"Image"}}}}`

// parquetSink writes a row a step. A row group is in memory until it is whole.
type parquetSink struct {
	*shards
	export    string // written into each file, so that no two exports have one in common
	groupSize int64
	out       *parquet.GenericWriter[any]
	group     int64 // bytes of the row group
}

func (p *parquetSink) begin(_ int, size int64) error {
	if p.full(size) {
		return p.close()
	}
	if p.group > 0 && p.group+size > p.groupSize {
		return p.flush()
	}
	return nil
}

func (p *parquetSink) step(s Step) error {
	if p.full(0) {
		if err := p.close(); err != nil {
			return err
		}
	}
	if p.file == nil {
		if err := p.open("parquet"); err != nil {
			return err
		}
		p.out = parquet.NewGenericWriter[any](p.file, stepSchema(), parquet.CreatedBy("byleave", "1", ""), parquet.KeyValueMetadata("huggingface", imageFeatures), parquet.KeyValueMetadata("export", p.export),
			parquet.DataPageVersion(1), parquet.SkipPageBounds("before_image", "bytes"), parquet.SkipPageStatistics("before_image", "bytes"),
			parquet.SkipPageBounds("after_image", "bytes"), parquet.SkipPageStatistics("after_image", "bytes"))
	}
	before, err := p.image(s.Before)
	if err != nil {
		return err
	}
	after, err := p.image(s.After)
	if err != nil {
		return err
	}
	row, size := rowOf(reflect.ValueOf(s), reflect.ValueOf(images{before, after}))
	p.size, p.group = p.size+size, p.group+size
	if _, err := p.out.WriteRows([]parquet.Row{row}); err != nil {
		return err
	}
	if p.group >= p.groupSize { // a session that is too long
		return p.flush()
	}
	return nil
}

func (p *parquetSink) image(f *Frame) (*picture, error) {
	b, err := p.picture(f)
	if err != nil || b == nil {
		return nil, err
	}
	return &picture{Bytes: b, Path: f.File}, nil
}

func (p *parquetSink) flush() error {
	p.group = 0
	return p.out.Flush()
}

func (p *parquetSink) close() error {
	if p.file == nil {
		return nil
	}
	p.group = 0
	if err := p.out.Close(); err != nil {
		return fmt.Errorf("end %06d.parquet: %w", p.count, err)
	}
	return p.keep()
}
