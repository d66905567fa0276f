package payload

import (
	"encoding/binary"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/byleave/byleave/proto/pb"
)

// writer puts messages into columns.
type writer struct{ out []byte }

// columns are events in columns.
func columns(events []*pb.Event) ([]byte, error) {
	all := make([]protoreflect.Message, len(events))
	for i, e := range events {
		all[i] = e.ProtoReflect()
	}
	var w writer
	w.number(uint64(len(all)))
	if err := w.messages(eventsDescriptor, all); err != nil {
		return nil, err
	}
	return w.out, nil
}

func (w *writer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

// messages writes messages of one kind.
func (w *writer) messages(d protoreflect.MessageDescriptor, all []protoreflect.Message) error {
	shapes := make([]uint64, len(all))
	for i, m := range all {
		shapes[i] = shapeOf(m)
	}
	for _, shape := range again(w, shapes) {
		w.number(shape)
	}
	return fields(d, shapes, func(f protoreflect.FieldDescriptor, has []int) error {
		values := make([]protoreflect.Value, len(has))
		for i, at := range has {
			values[i] = all[at].Get(f)
		}
		return w.field(f, values)
	})
}

// again writes the ranks of values, and gives those that are new.
func again[T comparable](w *writer, values []T) (fresh []T) {
	var r recent[T]
	for _, v := range values {
		rank := r.rank(v)
		w.number(rank)
		if rank == 0 {
			fresh = append(fresh, v)
		}
	}
	return fresh
}

// field writes one field of all messages that have it.
func (w *writer) field(f protoreflect.FieldDescriptor, values []protoreflect.Value) error {
	switch {
	case f.IsList():
		return w.lists(f, values)
	case f.Message() != nil:
		all := make([]protoreflect.Message, len(values))
		for i, v := range values {
			all[i] = v.Message()
		}
		if named(f) {
			return w.named(f, all)
		}
		return w.messages(f.Message(), all)
	case f.Kind() == protoreflect.StringKind, f.Kind() == protoreflect.BytesKind:
		w.texts(values)
		return nil
	}
	return w.numbers(f, values)
}

// lists writes how long each list is, and what is in them.
func (w *writer) lists(f protoreflect.FieldDescriptor, values []protoreflect.Value) error {
	if f.Message() == nil {
		return fmt.Errorf("field %s has no columns", f.Name())
	}
	var all []protoreflect.Message
	for _, v := range values {
		l := v.List()
		w.number(uint64(l.Len()))
		for i := range l.Len() {
			all = append(all, l.Get(i).Message())
		}
	}
	return w.messages(f.Message(), all)
}

// named writes messages of which many are alike.
func (w *writer) named(f protoreflect.FieldDescriptor, all []protoreflect.Message) error {
	names := make([]string, len(all))
	first := map[string]protoreflect.Message{}
	for i, m := range all {
		name, err := same(m)
		if err != nil {
			return err
		}
		names[i], first[name] = name, m
	}
	var fresh []protoreflect.Message
	for _, name := range again(w, names) {
		fresh = append(fresh, first[name])
	}
	return w.messages(f.Message(), fresh)
}

// texts writes strings or bytes: which are the same as before, how long the others are, and then those.
func (w *writer) texts(values []protoreflect.Value) {
	all := make([]string, len(values))
	for i, v := range values {
		if b, ok := v.Interface().([]byte); ok {
			all[i] = string(b)
		} else {
			all[i] = v.String()
		}
	}
	fresh := again(w, all)
	for _, s := range fresh {
		w.number(uint64(len(s)))
	}
	for _, s := range fresh {
		w.out = append(w.out, s...)
	}
}

// numbers writes numbers as protobuf does, or their differences.
func (w *writer) numbers(f protoreflect.FieldDescriptor, values []protoreflect.Value) error {
	last := uint64(0)
	for _, v := range values {
		switch f.Kind() {
		case protoreflect.DoubleKind:
			w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(v.Float()))
		case protoreflect.Uint32Kind, protoreflect.Uint64Kind:
			n := v.Uint()
			if counted(f) {
				n, last = protowire.EncodeZigZag(int64(n-last)), n
			}
			w.number(n)
		case protoreflect.Int32Kind, protoreflect.Int64Kind:
			w.number(uint64(v.Int()))
		case protoreflect.Sint32Kind, protoreflect.Sint64Kind:
			w.number(protowire.EncodeZigZag(v.Int()))
		case protoreflect.EnumKind:
			w.number(uint64(v.Enum()))
		case protoreflect.BoolKind:
			w.number(protowire.EncodeBool(v.Bool()))
		default:
			return fmt.Errorf("field %s has no columns", f.Name())
		}
	}
	return nil
}
