package dictionary

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/pb"
)

// shipped are the dictionaries that boxes were compressed with, and always stay. A new one gets a line of its own, and a new number.
var shipped = []struct {
	number uint32
	sum    string
}{
	{0xb1e1, "d083250ced2b21b4278ec176e028ed2f7ffb66353b0d852a8391eb1b2c4b2eea"},
	{0xb1e2, "34dc4613e977dfee9573fe7b505d81c7ffa299fa6be6fe5ccc646a7d6cc888b8"},
}

// TestShippedForEver: no dictionary that a box may name was changed or taken away.
func TestShippedForEver(t *testing.T) {
	if len(All()) != len(shipped) || &Newest()[0] != &All()[len(All())-1][0] {
		t.Fatalf("%d dictionaries, %d were shipped", len(All()), len(shipped))
	}
	for i, b := range All() {
		d, err := zstd.InspectDictionary(b)
		if err != nil {
			t.Fatal(err)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(b)); d.ID() != shipped[i].number || sum != shipped[i].sum {
			t.Errorf("dictionary %d is %#x %s", i+1, d.ID(), sum)
		}
	}
}

// pack packs a made-up minute, which must come back as it was, without the bytes of its pictures: full is what a reader gets, told is what is compressed.
func pack(t *testing.T, m *pb.Payload) (full, told []byte) {
	t.Helper()
	told, err := payload.Pack(m)
	check(t, err)
	again, err := payload.Unpack(told)
	check(t, err)
	if again.Schema != payload.Columns {
		t.Fatal("a minute of work was not told in columns")
	}
	again.Schema = m.Schema
	if !proto.Equal(again, m) {
		t.Fatalf("another payload came back:\n%v\n%v", m, again)
	}
	in := new(pb.Payload)
	check(t, proto.Unmarshal(told, in))
	for _, f := range in.Frames {
		f.Image = nil
	}
	m.Frames = nil
	told, err = proto.Marshal(in)
	check(t, err)
	full, err = proto.Marshal(m)
	check(t, err)
	return full, told
}

// TestTrain writes a new dictionary to the file that BYLEAVE_TRAIN names, else it only proves that training works.
func TestTrain(t *testing.T) {
	file, boxes := os.Getenv("BYLEAVE_TRAIN"), 100
	if file != "" {
		boxes = 4000
	}
	p := person{rand.New(rand.NewPCG(1, 1)), training}
	var samples [][]byte
	for i := range boxes {
		made := p.minute
		if i%2 == 1 {
			made = p.work
		}
		_, told := pack(t, made())
		samples = append(samples, told)
	}
	b, err := dict.BuildZstdDict(samples, dict.Options{MaxDictSize: 16 << 10, HashBytes: 6, ZstdDictID: shipped[len(shipped)-1].number, ZstdLevel: zstd.SpeedDefault})
	check(t, err)
	if file != "" {
		check(t, os.WriteFile(file, b, 0o644))
	}
	before, after := judge(t, b, person.minute)
	t.Logf("%d bytes: a minute of %d bytes becomes one of %d, %.1f %% smaller", len(b), before, after, 100-100*float64(after)/float64(before))
}

// TestSmaller: events of another world than that of the training, in which nothing is done twice, become at least 84 % smaller than their protobuf
// bytes, and those of a minute's work at one text at least 92 %. The dictionary saves at least a tenth of what would be there without it.
func TestSmaller(t *testing.T) {
	for _, c := range []struct {
		name string
		made func(person) *pb.Payload
		most int // percent of the bytes before
	}{{"anything", person.minute, 16}, {"work", person.work, 8}} {
		before, after := judge(t, Newest(), c.made)
		_, plain := judge(t, nil, c.made)
		t.Logf("%s: a minute of %d bytes becomes one of %d, %.1f %% smaller; without the dictionary %d", c.name, before, after, 100-100*float64(after)/float64(before), plain)
		if after*100 > before*c.most || after*100 > plain*90 {
			t.Errorf("%s: %d bytes became %d, without the dictionary %d", c.name, before, after, plain)
		}
	}
}

// judge is how many bytes minutes of another world take, in full and once compressed, on average.
func judge(t *testing.T, dictionary []byte, made func(person) *pb.Payload) (before, after int) {
	t.Helper()
	opts := []zstd.EOption{zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(512 << 10)} // as envelope/seal
	if dictionary != nil {
		opts = append(opts, zstd.WithEncoderDict(dictionary))
	}
	enc, err := zstd.NewWriter(nil, opts...)
	check(t, err)
	defer enc.Close()
	p := person{rand.New(rand.NewPCG(2, 2)), other}
	const minutes = 200
	for range minutes {
		full, told := pack(t, made(p))
		before += len(full)
		after += len(enc.EncodeAll(told, nil))
	}
	return before / minutes, after / minutes
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
