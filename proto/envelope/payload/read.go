package payload

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/byleave/byleave/proto/pb"
)

// reader takes messages out of columns. After an error it gives zeros; what was read then counts for nothing.
type reader struct {
	in       []byte
	left     int // messages that may still be made
	repeated int // bytes of what was named again
	err      error
}

// events are the events that stand in columns, and how many bytes would be there again if everything was written out.
func events(in []byte) (all []*pb.Event, repeated int, err error) {
	r := &reader{in: in, left: mostMessages}
	n := r.count(r.number())
	messages := r.messages(eventsDescriptor, n, func() protoreflect.Message {
		e := new(pb.Event)
		all = append(all, e)
		return e.ProtoReflect()
	})
	switch {
	case r.err != nil:
		return nil, 0, r.err
	case len(r.in) > 0 || len(messages) != len(all):
		return nil, 0, errColumns
	}
	return all, r.repeated, nil
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.in, r.err = nil, err
	}
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.in)
	if size <= 0 {
		r.fail(errColumns)
		return 0
	}
	r.in = r.in[size:]
	return n
}

// count is how many messages are to come: no more than are left.
func (r *reader) count(n uint64) int {
	if n > uint64(r.left) {
		r.fail(errMany)
		return 0
	}
	r.left -= int(n)
	return int(n)
}

// messages reads n messages of one kind; one makes each.
func (r *reader) messages(d protoreflect.MessageDescriptor, n int, one func() protoreflect.Message) []protoreflect.Message {
	shapes := readAgain(r, n, func(fresh int) []uint64 {
		out := make([]uint64, fresh)
		for i := range out {
			out[i] = r.shape(d)
		}
		return out
	}, nil)
	if r.err != nil {
		return nil
	}
	all := make([]protoreflect.Message, n)
	for i := range all {
		all[i] = one()
	}
	_ = fields(d, shapes, func(f protoreflect.FieldDescriptor, has []int) error {
		if r.err == nil {
			having := make([]protoreflect.Message, len(has))
			for i, at := range has {
				having[i] = all[at]
			}
			r.field(f, having)
		}
		return r.err
	})
	return all
}

// shape reads which fields a message has: only such as there are, and one of those that exclude each other.
func (r *reader) shape(d protoreflect.MessageDescriptor) uint64 {
	shape := r.number()
	known := uint64(0)
	for i := range d.Fields().Len() {
		known |= bit(d.Fields().Get(i))
	}
	for i := range d.Oneofs().Len() {
		either := uint64(0)
		for j := range d.Oneofs().Get(i).Fields().Len() {
			either |= bit(d.Oneofs().Get(i).Fields().Get(j))
		}
		if bits.OnesCount64(shape&either) > 1 {
			r.fail(errColumns)
		}
	}
	if shape&^known != 0 {
		r.fail(errColumns)
	}
	return shape
}

// readAgain reads n ranks, then the values that are new, and gives all. size is what a value costs that is there again; nil: nothing.
func readAgain[T comparable](r *reader, n int, fresh func(int) []T, size func(T) int) []T {
	if n > len(r.in) {
		r.fail(errColumns)
		return nil
	}
	ranks, unseen := make([]uint64, n), 0
	for i := range ranks {
		if ranks[i] = r.number(); ranks[i] == 0 {
			unseen++
		}
	}
	values := fresh(unseen)
	if r.err != nil {
		return nil
	}
	all := make([]T, n)
	var before recent[T]
	for i, rank := range ranks {
		if rank == 0 {
			all[i], values = values[0], values[1:]
			before.add(all[i])
			continue
		}
		v, ok := before.at(rank)
		if !ok {
			r.fail(errColumns)
			return nil
		}
		if all[i] = v; size != nil {
			r.again(size(v))
		}
	}
	return all
}

// again counts bytes that would be there again.
func (r *reader) again(n int) {
	if r.repeated += n; r.repeated > mostRepeated {
		r.fail(errRepeated)
	}
}

// field reads one field of all messages that have it.
func (r *reader) field(f protoreflect.FieldDescriptor, all []protoreflect.Message) {
	switch {
	case f.IsList():
		r.lists(f, all)
	case f.Message() != nil && named(f):
		r.named(f, all)
	case f.Message() != nil:
		n, next := r.count(uint64(len(all))), 0
		r.messages(f.Message(), n, func() protoreflect.Message {
			next++
			return all[next-1].Mutable(f).Message()
		})
	case f.Kind() == protoreflect.StringKind, f.Kind() == protoreflect.BytesKind:
		r.texts(f, all)
	default:
		r.numbers(f, all)
	}
}

// lists reads how long each list is, and what is in them.
func (r *reader) lists(f protoreflect.FieldDescriptor, all []protoreflect.Message) {
	if f.Message() == nil {
		r.fail(errColumns)
		return
	}
	var of []protoreflect.List
	for _, m := range all {
		l := m.Mutable(f).List()
		for range r.count(r.number()) {
			of = append(of, l)
		}
	}
	next := 0
	r.messages(f.Message(), len(of), func() protoreflect.Message {
		next++
		return of[next-1].AppendMutable().Message()
	})
}

// named reads messages of which many are alike: those are one.
func (r *reader) named(f protoreflect.FieldDescriptor, all []protoreflect.Message) {
	values := readAgain(r, len(all), func(fresh int) []protoreflect.Message {
		return r.messages(f.Message(), r.count(uint64(fresh)), func() protoreflect.Message { return all[0].NewField(f).Message() })
	}, func(m protoreflect.Message) int { return proto.Size(m.Interface()) })
	for i, m := range values {
		all[i].Set(f, protoreflect.ValueOfMessage(m))
	}
}

// texts reads strings or bytes.
func (r *reader) texts(f protoreflect.FieldDescriptor, all []protoreflect.Message) {
	values := readAgain(r, len(all), func(fresh int) []string {
		if fresh > len(r.in) {
			r.fail(errColumns)
			return nil
		}
		sizes, out := make([]uint64, fresh), make([]string, fresh)
		for i := range sizes {
			sizes[i] = r.number()
		}
		for i, size := range sizes {
			out[i] = r.text(size, f.Kind() == protoreflect.StringKind)
		}
		return out
	}, func(s string) int { return len(s) })
	for i, s := range values {
		if f.Kind() == protoreflect.BytesKind {
			all[i].Set(f, protoreflect.ValueOfBytes([]byte(s)))
		} else {
			all[i].Set(f, protoreflect.ValueOfString(s))
		}
	}
}

func (r *reader) text(size uint64, readable bool) string {
	if size > uint64(len(r.in)) {
		r.fail(errColumns)
		return ""
	}
	s := string(r.in[:size])
	r.in = r.in[size:]
	if readable && !utf8.ValidString(s) {
		r.fail(errColumns)
	}
	return s
}

// numbers reads numbers or their differences.
func (r *reader) numbers(f protoreflect.FieldDescriptor, all []protoreflect.Message) {
	last := uint64(0)
	for _, m := range all {
		if f.Kind() == protoreflect.DoubleKind {
			m.Set(f, protoreflect.ValueOfFloat64(r.double()))
			continue
		}
		n := r.number()
		if counted(f) {
			last += uint64(protowire.DecodeZigZag(n))
			n = last
		}
		v, ok := value(f.Kind(), n)
		if !ok {
			r.fail(errColumns)
			return
		}
		m.Set(f, v)
	}
}

func (r *reader) double() float64 {
	if len(r.in) < 8 {
		r.fail(errColumns)
		return 0
	}
	n := binary.LittleEndian.Uint64(r.in)
	r.in = r.in[8:]
	return math.Float64frombits(n)
}

// value is a number as a field of that kind has it; false if it does not fit.
func value(k protoreflect.Kind, n uint64) (v protoreflect.Value, ok bool) {
	signed := int64(n)
	switch k {
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(n)), n <= math.MaxUint32
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(n), true
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(signed)), signed == int64(int32(signed))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(signed), true
	case protoreflect.Sint32Kind:
		signed = protowire.DecodeZigZag(n)
		return protoreflect.ValueOfInt32(int32(signed)), signed == int64(int32(signed))
	case protoreflect.Sint64Kind:
		return protoreflect.ValueOfInt64(protowire.DecodeZigZag(n)), true
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(int32(signed))), signed == int64(int32(signed))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n == 1), n <= 1
	}
	return v, false
}
