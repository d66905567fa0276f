package wire

import (
	"bytes"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// TestCodecSendsFromWhereItLies: the bytes are those of protobuf, and the box is not copied.
func TestCodecSendsFromWhereItLies(t *testing.T) {
	box, mark := bytes.Repeat([]byte{7}, 3000), bytes.Repeat([]byte{9}, 32)
	check := func(req *pb.UploadRequest, lies bool) {
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := newCodec().Marshal(req)
		if err != nil || !bytes.Equal(got.Materialize(), want) {
			t.Errorf("%d bytes of box: %v, or other bytes than protobuf's", len(req.GetBox()), err)
		}
		if lies && len(req.GetBox()) > 0 && &got[1].ReadOnlyData()[0] != &box[0] {
			t.Error("the box was copied")
		}
	}
	for _, req := range []*pb.UploadRequest{{}, {Box: box}, {Box: box, Salt: mark}, {Box: box, Salt: mark, Heard: mark}, {Box: box, Heard: mark}, {Salt: mark}} {
		check(req, true)
	}
	whole := &pb.UploadRequest{}
	fields := whole.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() { // also one that is added to the message later
		f, v := fields.Get(i), protoreflect.ValueOfBytes(mark)
		if f.Kind() == protoreflect.BoolKind {
			v = protoreflect.ValueOfBool(true)
		}
		whole.ProtoReflect().Set(f, v)
	}
	check(whole, false)
}
