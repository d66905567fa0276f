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
	tagBox   = 1<<3 | 2
	tagSalt  = 2<<3 | 2
	tagHeard = 3<<3 | 2
)

// readUpload reads what an agent writes: the box, then its salt and what it heard, or one of them, or nothing. False, with req as it was: it is
// written otherwise.
func readUpload(data mem.BufferSlice, req *pb.UploadRequest) bool {
	r := data.Reader()
	defer r.Close()
	if tag, err := r.ReadByte(); err != nil || tag != tagBox {
		return false
	}
	box, ok := readBytes(r, fromShelf)
	var salt, heard []byte
	for last := byte(tagBox); ok && r.Remaining() > 0; {
		tag, err := r.ReadByte()
		if ok = err == nil && tag > last; !ok {
			break
		}
		switch last = tag; tag {
		case tagSalt:
			salt, ok = readBytes(r, newBytes)
		case tagHeard:
			heard, ok = readBytes(r, newBytes)
		default:
			ok = false
		}
	}
	if !ok {
		toShelf(box)
		return false
	}
	req.Box, req.Salt, req.Heard = box, salt, heard
	return true
}

func newBytes(n int) []byte { return make([]byte, n) }

// readBytes reads a length and as many bytes, which are not none.
func readBytes(r *mem.Reader, room func(n int) []byte) ([]byte, bool) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n == 0 || n > uint64(r.Remaining()) {
		return nil, false
	}
	out := room(int(n))
	_, err = io.ReadFull(r, out)
	return out, err == nil
}
