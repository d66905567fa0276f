package ingest

import (
	"encoding/binary"
	"io"

	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers "proto"
	"google.golang.org/grpc/mem"
)

// codec is protobuf. A box, which is nearly all that ever comes, is copied once, from the frames of the connection to a shelf; the usual
// way puts the frames together first.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Unmarshal is that of encoding.CodecV2.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	if req, ok := v.(*pb.UploadRequest); ok && readUpload(data, req) {
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

// What protobuf puts before the fields of an UploadRequest.
const (
	tagBox  = 1<<3 | 2
	tagSalt = 2<<3 | 2
)

// readUpload reads what an agent writes: the box, then its salt or nothing. False, with req as it was: it is written otherwise.
func readUpload(data mem.BufferSlice, req *pb.UploadRequest) bool {
	r := data.Reader()
	defer r.Close()
	box, ok := readField(r, tagBox, fromShelf)
	if !ok {
		return false
	}
	var salt []byte
	if r.Remaining() > 0 {
		if salt, ok = readField(r, tagSalt, func(n int) []byte { return make([]byte, n) }); !ok || r.Remaining() > 0 {
			toShelf(box)
			return false
		}
	}
	req.Box, req.Salt = box, salt
	return true
}

func readField(r *mem.Reader, tag byte, room func(n int) []byte) ([]byte, bool) {
	if b, err := r.ReadByte(); err != nil || b != tag {
		return nil, false
	}
	n, err := binary.ReadUvarint(r)
	if err != nil || n == 0 || n > uint64(r.Remaining()) {
		return nil, false
	}
	out := room(int(n))
	_, err = io.ReadFull(r, out)
	return out, err == nil
}
