package open

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/envelope/internal/dictionary"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/pb"
	"github.com/klauspost/compress/zstd"
)

// MaxPlain is how many bytes a payload may have after decompression.
const MaxPlain = 16 << 20

// maxWindow bounds what a frame may make the decoder allocate before the first byte comes out.
const maxWindow = 8 << 20

// unpad takes the length prefix and the padding off, and refuses every other form of the same payload.
func unpad(padded []byte) ([]byte, error) {
	n := uint64(binary.BigEndian.Uint32(padded))
	body := padded[4:]
	if n > uint64(len(body)) {
		return nil, fmt.Errorf("%w: its length does not fit", ErrPayload)
	}
	if len(padded) > envelope.MinPadded && n+4 <= uint64(len(padded)/2) {
		return nil, fmt.Errorf("%w: padded further than to its bucket", ErrPayload)
	}
	for _, c := range body[n:] {
		if c != 0 {
			return nil, fmt.Errorf("%w: bytes in its padding", ErrPayload)
		}
	}
	return body[:n], nil
}

// inflate decompresses at most MaxPlain bytes. The decoder's own memory limit does not hold for a stream, so the reader is
// limited, too.
func inflate(compressed []byte) ([]byte, error) {
	dec, err := zstd.NewReader(bytes.NewReader(compressed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(MaxPlain), zstd.WithDecoderDicts(dictionary.All()...))
	if err != nil {
		return nil, fmt.Errorf("start the decompressor: %w", err)
	}
	defer dec.Close()
	plain, err := io.ReadAll(io.LimitReader(dec, MaxPlain+1))
	switch {
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded), len(plain) > MaxPlain:
		return nil, fmt.Errorf("%w: over %d bytes after decompression", envelope.ErrTooLarge, MaxPlain)
	case err != nil:
		return nil, fmt.Errorf("%w: does not decompress", ErrPayload)
	}
	return plain, nil
}

// parse reads the payload, strictly: a known schema, no unknown field at any depth, every frame under its own hash.
func parse(plain []byte) (*pb.Payload, error) {
	if err := (&walker{left: maxMessages}).walk((*pb.Payload)(nil).ProtoReflect().Descriptor(), plain); err != nil {
		return nil, err
	}
	p, err := payload.Unpack(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return p, nil
}
