package envelope_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/open"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// allocated is how many bytes f allocates in all: more than it ever holds at once.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestI18Bombs: payloads made to cost their reader are refused with at most 128 MiB allocated.
func TestI18Bombs(t *testing.T) {
	p := newParties(t, 1)
	zeros := make([]byte, 64<<20)
	events := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), nil), 5<<20)
	var monitors []byte
	for range 3 << 20 {
		monitors = append(monitors, 0x2a, 0)
	}
	nested := monitors
	for _, field := range []protowire.Number{2, 2, 4} { // Window in Action in Event in Payload
		nested = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), nested)
	}
	for name, c := range map[string]struct {
		payload []byte
		want    error
	}{
		"64 MiB of zeros":           {zeros, envelope.ErrTooLarge},
		"5 million empty events":    {events, open.ErrPayload},
		"3 million nested messages": {nested, open.ErrPayload},
		"60,000 times one window":   {manyWindows(t), open.ErrPayload},
		"4 million events told":     {inColumns(t, binary.AppendUvarint(nil, 4<<20)), open.ErrPayload},
		"columns of 131,072 events": {inColumns(t, manyEvents(1<<17)), open.ErrPayload},
		"one title in 20,000":       {inColumns(t, manyTitles()), open.ErrPayload},
		"garbage":                   {bytes.Repeat([]byte{0xff}, 1000), open.ErrPayload},
	} {
		box := sealBytes(t, p.params(), c.payload)
		var err error
		if n := allocated(func() { _, err = open.ByPerson(box, p.person) }); n > 128<<20 {
			t.Errorf("%s: %d MiB allocated", name, n>>20)
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// manyWindows is a lean payload that would be a thousand times as long once written out.
func manyWindows(t *testing.T) []byte {
	p := &pb.Payload{Schema: 2}
	for range 60_000 {
		p.Events = append(p.Events, &pb.Event{What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_WAIT}}})
	}
	p.Events[0].GetAction().Window = &pb.Window{Title: strings.Repeat("t", 100_000)}
	return marshal(t, p)
}

// inColumns is a payload with these columns.
func inColumns(t *testing.T, columns []byte) []byte {
	return marshal(t, &pb.Payload{Schema: 3, Columns: columns})
}

// manyEvents are columns of n events with an empty action each, and nothing behind them.
func manyEvents(n int) []byte {
	out := binary.AppendUvarint(nil, uint64(n))
	out = append(out, 0)
	out = append(out, bytes.Repeat([]byte{1}, n-1)...)
	return append(out, 2) // the shape: an action; of the actions nothing is said
}

// manyTitles are columns of 20,000 tasks whose text of 10,000 bytes is told once.
func manyTitles() []byte {
	const n = 20_000
	alike := bytes.Repeat([]byte{1}, n-1)
	out := binary.AppendUvarint(nil, n)
	out = append(append(append(out, 0), alike...), 1<<3) // all are tasks
	out = append(append(append(out, 0), alike...), 1<<1) // all have a text
	out = append(append(out, 0), alike...)               // the same
	out = binary.AppendUvarint(out, 10_000)
	return append(out, bytes.Repeat([]byte{'t'}, 10_000)...)
}

// TestI18HostileFrames: zstd frames that no encoder of ours makes.
func TestI18HostileFrames(t *testing.T) {
	p := newParties(t, 1)
	huge := append([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 19 << 3}, 0x4b, 0, 0, 0xaa) // a window of 512 MiB, 9 bytes, all alike
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	one := enc.EncodeAll(bytes.Repeat([]byte{1}, 9<<20), nil)
	empty := enc.EncodeAll(nil, nil)
	if len(empty) == 0 {
		empty = []byte{0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0}
	}
	for name, c := range map[string]struct {
		frame []byte
		want  error
	}{
		"window of 512 MiB":       {huge, envelope.ErrTooLarge},
		"two frames over 16 MiB":  {append(bytes.Clone(one), one...), envelope.ErrTooLarge},
		"50,000 empty frames":     {bytes.Repeat(empty, 50_000), open.ErrPayload},
		"torn frame":              {one[:len(one)/2], open.ErrPayload},
		"no frame":                {[]byte("plain text"), open.ErrPayload},
		"not even a magic number": {nil, open.ErrPayload},
	} {
		box := sealPadded(t, p, pad(c.frame))
		var err error
		if n := allocated(func() { _, err = open.ByPerson(box, p.person) }); n > 128<<20 {
			t.Errorf("%s: %d MiB allocated", name, n>>20)
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// TestStrictPayload: what parses and is still no payload of ours.
func TestStrictPayload(t *testing.T) {
	p := newParties(t, 1)
	good := samplePayload()
	schema := samplePayload()
	schema.Schema = 4
	frame := samplePayload()
	frame.Frames[0].Image = append(frame.Frames[0].Image, 1)
	utf8 := bytes.Replace(marshal(t, good), []byte("editor"), []byte("edit\xff\xfe"), 1)
	unknown := protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 1)
	deep := samplePayload()
	deep.Events[0].GetAction().GetWindow().ProtoReflect().SetUnknown(unknown)
	for name, c := range map[string]struct {
		payload []byte
		says    string
	}{
		"schema":        {marshal(t, schema), "schema 4"},
		"unknown field": {append(marshal(t, good), unknown...), "unknown field"},
		"unknown deep":  {marshal(t, deep), "unknown field"},
		"wrong type":    {append(marshal(t, good), protowire.AppendVarint(protowire.AppendTag(nil, 6, protowire.VarintType), 1)...), "unknown field"},
		"frame's hash":  {marshal(t, frame), "does not fit its hash"},
		"utf-8":         {utf8, "not a protobuf message"},
		"empty":         {nil, "schema 0"},
	} {
		_, err := open.ByPerson(sealBytes(t, p.params(), c.payload), p.person)
		if !errors.Is(err, open.ErrPayload) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBuckets: the smallest bucket that fits, and nothing that fits into none.
func TestBuckets(t *testing.T) {
	p := newParties(t, 1)
	seed := sha256.Sum256([]byte("noise"))
	noise := make([]byte, 0, 600<<10) // does not compress
	for len(noise) < 600<<10 {
		seed = sha256.Sum256(seed[:])
		noise = append(noise, seed[:]...)
	}
	for _, c := range []struct{ size, bucket int }{{0, 0}, {8000, 0}, {8192, 1}, {16_000, 1}, {60_000, 3}, {100_000, 4}, {400_000, 6}} {
		b := sealBytes(t, p.params(), marshal(t, &pb.Payload{Schema: 1, Session: noise[:c.size]}))
		if got := int(b.Header().Bucket); got != c.bucket {
			t.Errorf("%d bytes lie in bucket %d, not %d", c.size, got, c.bucket)
		}
		got, err := open.ByPerson(b, p.person)
		if err != nil || !bytes.Equal(got.GetSession(), noise[:c.size]) {
			t.Errorf("%d bytes: %v", c.size, err)
		}
	}
	if _, err := seal.Seal(p.params(), noise); !errors.Is(err, envelope.ErrTooLarge) {
		t.Errorf("600 KiB of noise: %v", err)
	}
}

// TestPadding: the length, the padding and the bucket of a payload have one form only.
func TestPadding(t *testing.T) {
	p := newParties(t, 1)
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	frame := enc.EncodeAll(marshal(t, samplePayload()), nil)
	if _, err := open.ByPerson(sealPadded(t, p, pad(frame)), p.person); err != nil {
		t.Fatalf("the test seals wrongly: %v", err)
	}
	for name, change := range map[string]func(b []byte) []byte{
		"length beyond the bucket":  func(b []byte) []byte { b[0] = 0xff; return b },
		"length beyond the padding": func(b []byte) []byte { b[2]++; return b },
		"bytes in the padding":      func(b []byte) []byte { b[len(b)-1] = 1; return b },
		"a bucket too large":        func(b []byte) []byte { return append(b, make([]byte, len(b))...) },
	} {
		if _, err := open.ByPerson(sealPadded(t, p, change(pad(frame))), p.person); !errors.Is(err, open.ErrPayload) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
