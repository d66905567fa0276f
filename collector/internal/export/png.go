package export

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image/png"
)

// errPicture says that a frame is no picture, or not the one that it says.
var errPicture = errors.New("holds a frame that is no picture")

const (
	maxSide   = 16384
	maxPixels = 34_000_000 // 8K; decoding one needs at most 136 MB
	pngHead   = "\x89PNG\r\n\x1a\n"
	saltChunk = "blVe" // ancillary, private, unsafe to copy
)

// cleanPNG checks that a frame is a whole PNG of the size that it says, and returns it with nothing in it but the picture and a
// salt of this export: other chunks could carry what no mask has seen, and the salt makes the file's hash this export's own.
func cleanPNG(raw []byte, width, height uint32, salt []byte) ([]byte, error) {
	cfg, err := png.DecodeConfig(bytes.NewReader(raw))
	if err != nil || cfg.Width != int(width) || cfg.Height != int(height) || cfg.Width > maxSide || cfg.Height > maxSide ||
		cfg.Width*cfg.Height > maxPixels {
		return nil, errPicture
	}
	if _, err := png.Decode(bytes.NewReader(raw)); err != nil { // bounded by what cfg said
		return nil, errPicture
	}
	out := append(make([]byte, 0, len(raw)+64), pngHead...)
	rest := raw[len(pngHead):]
	for len(rest) >= 12 {
		n := binary.BigEndian.Uint32(rest)
		if uint64(n)+12 > uint64(len(rest)) {
			return nil, errPicture
		}
		kind, chunk := string(rest[4:8]), rest[:n+12]
		rest = rest[n+12:]
		switch kind {
		case "IHDR":
			out = append(append(out, chunk...), pngChunk(saltChunk, salt)...)
		case "PLTE", "tRNS", "IDAT":
			out = append(out, chunk...)
		case "IEND":
			return append(out, chunk...), nil // what follows the end is dropped
		}
	}
	return nil, errPicture
}

func pngChunk(kind string, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	b = append(append(b, kind...), body...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}
