package open

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxMessages bounds how many messages one payload may hold in all. A message that is empty takes two bytes on the wire and
// about a hundred in memory, so a bound on bytes alone would let 16 MiB grow to a gigabyte. A minute of activity has hundreds.
const maxMessages = 1 << 17

// walker reads a message on the wire before any memory is spent on it.
type walker struct{ left int }

// walk refuses unknown fields, at any depth, and more messages than a payload may hold.
func (w *walker) walk(d protoreflect.MessageDescriptor, b []byte) error {
	if w.left--; w.left < 0 {
		return fmt.Errorf("%w: over %d messages", ErrPayload, maxMessages)
	}
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("%w: not a protobuf message", ErrPayload)
		}
		size := protowire.ConsumeFieldValue(num, typ, b[n:])
		if size < 0 {
			return fmt.Errorf("%w: not a protobuf message", ErrPayload)
		}
		f := d.Fields().ByNumber(num)
		if f == nil || typ != wireType(f) {
			return fmt.Errorf("%w: it has an unknown field", ErrPayload)
		}
		if f.Message() != nil {
			value, _ := protowire.ConsumeBytes(b[n:])
			if err := w.walk(f.Message(), value); err != nil {
				return err
			}
		}
		b = b[n+size:]
	}
	return nil
}

// wireType is the form in which a field of the treaty's kinds is written.
func wireType(f protoreflect.FieldDescriptor) protowire.Type {
	switch f.Kind() {
	case protoreflect.DoubleKind, protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind:
		return protowire.Fixed64Type
	case protoreflect.FloatKind, protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind:
		return protowire.Fixed32Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	default:
		return protowire.VarintType
	}
}
