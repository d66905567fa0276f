package payload

import (
	"errors"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/byleave/byleave/proto/pb"
)

// A message is told by its shape, which says what fields it has, and by those fields. The shapes of all messages in one place of the tree
// stand together, and so do the values of each of their fields: a column. How many there are follows from the columns before, so that
// nothing is said of lengths. SPEC.md 2.6 says it all.

// What makes columns unacceptable.
var (
	errColumns = errors.New("the columns are torn")
	errMany    = errors.New("the columns hold too many messages")
)

// mostMessages bounds what a few bytes of columns can be made to become.
const mostMessages = 1 << 17

// mostRecent is how many values of a column can be named again.
const mostRecent = 128

// recent are the values that a column had, each once, the newest last.
type recent[T comparable] struct{ seen []T }

// rank is how long ago v was there, 1 for the newest, and 0 if it is new. It is the newest from then on.
func (r *recent[T]) rank(v T) uint64 {
	for i := len(r.seen) - 1; i >= 0; i-- {
		if r.seen[i] == v {
			rank := len(r.seen) - i
			r.newest(i)
			return uint64(rank)
		}
	}
	r.add(v)
	return 0
}

// at gives the value of a rank above 0, which is the newest from then on; false if there is none.
func (r *recent[T]) at(rank uint64) (v T, ok bool) {
	if rank > uint64(len(r.seen)) {
		return v, false
	}
	i := len(r.seen) - int(rank)
	v = r.seen[i]
	r.newest(i)
	return v, true
}

func (r *recent[T]) newest(i int) {
	v := r.seen[i]
	copy(r.seen[i:], r.seen[i+1:])
	r.seen[len(r.seen)-1] = v
}

func (r *recent[T]) add(v T) {
	if len(r.seen) == mostRecent {
		copy(r.seen, r.seen[1:])
		r.seen = r.seen[:mostRecent-1]
	}
	r.seen = append(r.seen, v)
}

// named tells whether messages of a field are often the same: they are named again instead of told again.
func named(f protoreflect.FieldDescriptor) bool {
	n := f.Message().Name()
	return n == "Window" || n == "Element"
}

// counted tells whether a field's numbers most often go up by one: their differences are told.
func counted(f protoreflect.FieldDescriptor) bool { return f.Name() == "frame" || f.Name() == "id" }

// bit is the place of a field in a shape.
func bit(f protoreflect.FieldDescriptor) uint64 { return 1 << (f.Number() - 1) }

// shapeOf says which fields m has.
func shapeOf(m protoreflect.Message) (shape uint64) {
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		shape |= bit(f)
		return true
	})
	return shape
}

// fields visits the fields of d in the order of their numbers, each with the places of those messages that have it.
func fields(d protoreflect.MessageDescriptor, shapes []uint64, visit func(f protoreflect.FieldDescriptor, has []int) error) error {
	for num := range protoreflect.FieldNumber(64) {
		f := d.Fields().ByNumber(num)
		if f == nil {
			continue
		}
		var has []int
		for i, shape := range shapes {
			if shape&bit(f) != 0 {
				has = append(has, i)
			}
		}
		if len(has) == 0 {
			continue
		}
		if err := visit(f, has); err != nil {
			return err
		}
	}
	return nil
}

// eventsDescriptor is that of the messages that stand in columns.
var eventsDescriptor = (*pb.Event)(nil).ProtoReflect().Descriptor()

// same tells messages that are alike, by their bytes.
func same(m protoreflect.Message) (string, error) {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.Interface())
	return string(b), err
}
