package deposit

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/byleave/byleave/collector/internal/store"
)

// A pack is PackMagic and records, one behind the other:
//
//	length of head and payload  uint32, big endian
//	CRC32C                      uint32, over length, batch id, head and payload
//	batch id                    16 bytes
//	head, payload
const (
	PackMagic  = "BYLEAVE PACK 1\n\x00"
	RecordHead = 4 + 4 + 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Head is what stands before head and payload of a record.
func Head(r *store.Record) (h [RecordHead]byte) {
	binary.BigEndian.PutUint32(h[:4], uint32(len(r.Head)+len(r.Payload)))
	copy(h[8:], r.Batch[:])
	binary.BigEndian.PutUint32(h[4:8], checksum(h[:], r.Head, r.Payload))
	return h
}

// Decode returns head and payload of the record that raw is from its first to its last byte. ErrDamaged if it is not that of the batch, or if
// anything was changed.
func Decode(raw []byte, batch store.ID, head int64) (h, payload []byte, err error) {
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
