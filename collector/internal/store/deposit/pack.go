package deposit

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/byleave/byleave/collector/internal/store"
)

// A pack is PackMagic and records, one behind the other:
//
//	length of the parts  uint32, big endian
//	CRC32C               uint32, over length, batch id and parts
//	batch id             16 bytes
//	parts                head and payload of the box; a keeper may add its sealed capsules
const (
	PackMagic  = "BYLEAVE PACK 1\n\x00"
	RecordHead = 4 + 4 + 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Head is what stands before the parts of a record.
func Head(batch store.ID, parts ...[]byte) (h [RecordHead]byte) {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	binary.BigEndian.PutUint32(h[:4], uint32(size))
	copy(h[8:], batch[:])
	binary.BigEndian.PutUint32(h[4:8], checksum(h[:], parts...))
	return h
}

// Decode returns the first part, which is head bytes long, and the rest of the record that raw is from its first to its last byte. ErrDamaged
// if it is not that of the batch, or if anything was changed.
func Decode(raw []byte, batch store.ID, head int64) (h, rest []byte, err error) {
	if len(raw) < RecordHead || head < 0 || head > int64(len(raw)-RecordHead) {
		return nil, nil, store.ErrDamaged
	}
	body := raw[RecordHead:]
	if store.ID(raw[8:RecordHead]) != batch || binary.BigEndian.Uint32(raw[:4]) != uint32(len(body)) ||
		binary.BigEndian.Uint32(raw[4:8]) != checksum(raw, body) {
		return nil, nil, store.ErrDamaged
	}
	return body[:head:head], body[head:], nil
}

func checksum(head []byte, parts ...[]byte) uint32 {
	sum := crc32.Update(0, castagnoli, head[:4])
	sum = crc32.Update(sum, castagnoli, head[8:RecordHead])
	for _, b := range parts {
		sum = crc32.Update(sum, castagnoli, b)
	}
	return sum
}
