package wire

import (
	"encoding/binary"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers "proto"
	"google.golang.org/grpc/mem"
)

// codec is protobuf that sends a box from where it lies; the usual way copies it into a buffer of 1 MiB that it clears first.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Marshal is that of encoding.CodecV2. A box must not change after.
func (c codec) Marshal(v any) (mem.BufferSlice, error) {
	req, ok := v.(*pb.UploadRequest)
	if !ok || len(req.GetBox()) == 0 || req.GetInPieces() { // then the box is only a header
		return c.CodecV2.Marshal(v)
	}
	const tagBox = 1<<3 | 2
	out := mem.BufferSlice{mem.SliceBuffer(binary.AppendUvarint([]byte{tagBox}, uint64(len(req.GetBox())))), mem.SliceBuffer(req.GetBox())}
	if len(req.GetSalt())+len(req.GetHeard()) == 0 {
		return out, nil
	}
	rest, err := c.CodecV2.Marshal(&pb.UploadRequest{Salt: req.GetSalt(), Heard: req.GetHeard()})
	return append(out, rest...), err
}
