package envelope_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/internal/lock"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/pb"
)

// columnsSample is leanSample with more of what columns tell in a way of their own: windows and texts that come again, a task, a box that was
// cut, numbers below zero.
func columnsSample() *pb.Payload {
	p := leanSample()
	p.Schema = payload.Columns
	first := p.Events[0].GetAction().GetWindow()
	mail := proto.CloneOf(first)
	mail.Application, mail.Title, mail.Scale = "mail", "Inbox", 1.5
	wait := func(at int64, w *pb.Window) *pb.Event {
		return &pb.Event{AtMs: at, What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_WAIT, Window: w}}}
	}
	hotkey := func(at int64, keys string) *pb.Event {
		return &pb.Event{AtMs: at, What: &pb.Event_Action{Action: &pb.Action{Kind: pb.Kind_KIND_HOTKEY, Window: mail, Hotkey: keys}}}
	}
	scroll := &pb.Action{Kind: pb.Kind_KIND_SCROLL, Window: first, At: &pb.Point{X: -3, Y: 200, Nx: -3.0 / 800, Ny: 200.0 / 500}, ScrollX: 1, ScrollY: -7}
	p.Events = append(p.Events, wait(5300, mail), wait(5400, first), hotkey(6000, "ctrl+s"), hotkey(5900, "Return"), hotkey(6100, "ctrl+s"),
		&pb.Event{AtMs: 7000, What: &pb.Event_Action{Action: scroll}},
		&pb.Event{AtMs: 8000, What: &pb.Event_Task{Task: &pb.Task{Step: pb.TaskStep_TASK_STEP_STARTED, Text: "book the train to <PLACE#1>"}}})
	p.InsteadOf = []*pb.Tombstone{{Sequence: 12, Previous: bytes.Repeat([]byte{1}, 32), Digest: bytes.Repeat([]byte{2}, 32), Signature: bytes.Repeat([]byte{3}, 64)}}
	return p
}

// TestColumnsByTheSpec reads the vector as section 2.6 of SPEC.md says, without the code of this repository that does so: columns become
// the bytes of messages again, and those are of the lean form.
func TestColumnsByTheSpec(t *testing.T) {
	p, want := opened(t, "testdata/columns.txt", "internal/dictionary/2.zdict")
	if p.GetSchema() != 3 || len(p.GetEvents()) > 0 {
		t.Fatal("not schema 3")
	}
	r := &columnReader{t, p.Columns}
	n := r.number()
	for _, b := range r.messages((*pb.Event)(nil).ProtoReflect().Descriptor(), n) {
		e := new(pb.Event)
		if err := proto.Unmarshal(b, e); err != nil {
			t.Fatal(err)
		}
		p.Events = append(p.Events, e)
	}
	if len(r.left) > 0 {
		t.Fatalf("%d bytes after the columns", len(r.left))
	}
	p.Columns = nil
	for i, f := range p.Frames[1:] {
		if f.Width == 0 && f.Height == 0 && f.Format == "" && f.Mask == "" {
			last := p.Frames[i]
			f.Width, f.Height, f.Format, f.Mask = last.Width, last.Height, last.Format, last.Mask
		}
	}
	writeOut(p)
	for _, e := range p.Events {
		writeTokens(e.GetAction().GetText())
	}
	if !bytes.Equal(marshal(t, p), want) {
		t.Errorf("another payload came out:\n%v", p)
	}
}

// writeTokens puts the tokens of a text where marks stand.
func writeTokens(text *pb.Text) {
	if !strings.Contains(text.GetNet(), "\x1a") {
		return
	}
	for _, s := range text.Spans {
		s.Start = uint32(strings.Index(text.Net, "\x1a"))
		text.Net = strings.Replace(text.Net, "\x1a", fmt.Sprintf("<%s#%d>", s.Class, s.Id), 1)
		s.End = s.Start + uint32(len(fmt.Sprintf("<%s#%d>", s.Class, s.Id)))
	}
}

// columnReader takes columns apart, in their order.
type columnReader struct {
	t    *testing.T
	left []byte
}

func (r *columnReader) number() uint64 {
	n, size := binary.Uvarint(r.left)
	if size <= 0 {
		r.t.Fatal("the columns end too early")
	}
	r.left = r.left[size:]
	return n
}

// again reads n ranks and then, by fresh, as many values as are new.
func again[T any](r *columnReader, n uint64, fresh func(n uint64) []T) []T {
	var ranks []uint64
	unseen := uint64(0)
	for range n {
		rank := r.number()
		if rank == 0 {
			unseen++
		}
		ranks = append(ranks, rank)
	}
	values := fresh(unseen)
	var out, seen []T // seen: the newest first
	for _, rank := range ranks {
		if rank == 0 {
			out, seen, values = append(out, values[0]), append([]T{values[0]}, seen...), values[1:]
			continue
		}
		v := seen[rank-1]
		seen = append(append([]T{v}, seen[:rank-1]...), seen[rank:]...)
		out = append(out, v)
	}
	return out
}

// messages reads n messages of one kind, and gives their bytes.
func (r *columnReader) messages(d protoreflect.MessageDescriptor, n uint64) [][]byte {
	if n == 0 {
		return nil
	}
	numbers := func(n uint64) (out []uint64) {
		for range n {
			out = append(out, r.number())
		}
		return out
	}
	shapes := again(r, n, numbers)
	out := make([][]byte, n)
	for num := protoreflect.FieldNumber(1); num < 64; num++ {
		var has []int
		for i, shape := range shapes {
			if shape>>(num-1)&1 == 1 {
				has = append(has, i)
			}
		}
		if f := d.Fields().ByNumber(num); len(has) > 0 {
			for i, value := range r.field(f, uint64(len(has))) {
				out[has[i]] = append(out[has[i]], value...)
			}
		}
	}
	return out
}

// field reads one field of n messages, and gives its bytes with its tags.
func (r *columnReader) field(f protoreflect.FieldDescriptor, n uint64) (out [][]byte) {
	long := func(b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, f.Number(), protowire.BytesType), b)
	}
	switch {
	case f.IsList():
		var sizes []uint64
		all := uint64(0)
		for range n {
			sizes = append(sizes, r.number())
			all += sizes[len(sizes)-1]
		}
		items := r.messages(f.Message(), all)
		for _, size := range sizes {
			var list []byte
			for _, item := range items[:size] {
				list = append(list, long(item)...)
			}
			out, items = append(out, list), items[size:]
		}
	case f.Message() != nil:
		read := func(n uint64) [][]byte { return r.messages(f.Message(), n) }
		values := read
		if name := f.Message().Name(); name == "Window" || name == "Element" {
			values = func(n uint64) [][]byte { return again(r, n, read) }
		}
		for _, v := range values(n) {
			out = append(out, long(v))
		}
	case f.Kind() == protoreflect.StringKind, f.Kind() == protoreflect.BytesKind:
		for _, v := range again(r, n, func(n uint64) (texts [][]byte) {
			var sizes []uint64
			for range n {
				sizes = append(sizes, r.number())
			}
			for _, size := range sizes {
				texts, r.left = append(texts, r.left[:size]), r.left[size:]
			}
			return texts
		}) {
			out = append(out, long(v))
		}
	case f.Kind() == protoreflect.DoubleKind:
		for range n {
			out = append(out, append(protowire.AppendTag(nil, f.Number(), protowire.Fixed64Type), r.left[:8]...))
			r.left = r.left[8:]
		}
	default:
		last := uint64(0)
		for range n {
			v := r.number()
			if f.Name() == "frame" || f.Name() == "id" {
				last += uint64(protowire.DecodeZigZag(v))
				v = last
			}
			out = append(out, protowire.AppendVarint(protowire.AppendTag(nil, f.Number(), protowire.VarintType), v))
		}
	}
	return out
}

// opened is the payload of a vector as it lies in its box, and as a reader must give it.
func opened(t *testing.T, file, dictionaryFile string) (p *pb.Payload, want []byte) {
	t.Helper()
	v := readVector(t, file)
	box, err := envelope.Parse(v.box)
	if err != nil {
		t.Fatal(err)
	}
	both, err := envelope.UnwrapHalf(box, envelope.Person, parseKey(t, v.person))
	if err != nil {
		t.Fatal(err)
	}
	key, err := lock.Key(both[:32], both[32:], envelope.Info(box.Header(), 0))
	if err != nil {
		t.Fatal(err)
	}
	_, _, sealed := box.Parts()
	padded, err := lock.Open(key, sealed)
	if err != nil {
		t.Fatal(err)
	}
	dictionary, err := os.ReadFile(dictionaryFile)
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderDicts(dictionary))
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	plain, err := dec.DecodeAll(padded[4:][:binary.BigEndian.Uint32(padded)], nil)
	if err != nil {
		t.Fatal(err)
	}
	p = new(pb.Payload)
	if err := proto.Unmarshal(plain, p); err != nil {
		t.Fatal(err)
	}
	return p, v.payload
}
