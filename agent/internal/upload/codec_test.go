package upload

import (
	"bytes"
	"testing"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/protobuf/proto"
)

// TestCodecSendsFromWhereItLies: the bytes are those of protobuf, and the box is not copied.
func TestCodecSendsFromWhereItLies(t *testing.T) {
	box, mark := bytes.Repeat([]byte{7}, 3000), bytes.Repeat([]byte{9}, 32)
	for _, req := range []*pb.UploadRequest{{}, {Box: box}, {Box: box, Salt: mark}, {Box: box, Salt: mark, Heard: mark}, {Box: box, Heard: mark}, {Salt: mark}} {
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
		if err != nil {
			t.Fatal(err)
		}
		got, err := newCodec().Marshal(req)
		if err != nil || !bytes.Equal(got.Materialize(), want) {
			t.Errorf("%d bytes of box: %v, or other bytes than protobuf's", len(req.GetBox()), err)
		}
		if len(req.GetBox()) > 0 && &got[1].ReadOnlyData()[0] != &box[0] {
			t.Error("the box was copied")
		}
	}
}
