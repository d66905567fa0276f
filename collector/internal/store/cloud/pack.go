package cloud

import (
	"encoding/binary"
	"hash/crc32"

	"github.com/byleave/byleave/collector/internal/store"
)

// A pack is a header of 16 bytes and records, one behind the other, as in the embedded store:
//
//	length of head and payload  uint32, big endian
//	CRC32C                      uint32, over length, batch id, head and payload
//	batch id                    16 bytes
//	head, payload
const (
	packMagic  = "BYLEAVE PACK 1\n\x00"
	recordHead = 4 + 4 + 16
	recordMost = 32 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// place is where a record lies in its pack.
type place struct{ at, head, payload int64 }

func (p place) size() int64 { return recordHead + p.head + p.payload }

func (p place) sane() bool {
	return p.at >= int64(len(packMagic)) && p.head >= 0 && p.payload >= 0 && p.size() <= recordMost
}

// encodePack makes a pack of the records, and says where each lies.
func encodePack(records []*store.Record) ([]byte, []place) {
	size := len(packMagic)
	for _, r := range records {
		size += recordHead + len(r.Head) + len(r.Payload)
	}
	body, places := append(make([]byte, 0, size), packMagic...), make([]place, len(records))
	for i, r := range records {
		places[i] = place{int64(len(body)), int64(len(r.Head)), int64(len(r.Payload))}
		var h [recordHead]byte
		binary.BigEndian.PutUint32(h[:4], uint32(len(r.Head)+len(r.Payload)))
		copy(h[8:], r.Batch[:])
		binary.BigEndian.PutUint32(h[4:8], checksum(h[:], r.Head, r.Payload))
		body = append(append(append(body, h[:]...), r.Head...), r.Payload...)
	}
	return body, places
}

func checksum(head []byte, parts ...[]byte) uint32 {
	sum := crc32.Update(0, castagnoli, head[:4])
	sum = crc32.Update(sum, castagnoli, head[8:recordHead])
	for _, b := range parts {
		sum = crc32.Update(sum, castagnoli, b)
	}
	return sum
}

// decodeRecord returns head and payload of the record that raw is, checked.
func decodeRecord(raw []byte, batch store.ID, p place) (head, payload []byte, err error) {
	if !p.sane() || int64(len(raw)) != p.size() {
		return nil, nil, store.ErrDamaged
	}
	body := raw[recordHead:]
	if store.ID(raw[8:recordHead]) != batch || binary.BigEndian.Uint32(raw[:4]) != uint32(len(body)) ||
		binary.BigEndian.Uint32(raw[4:8]) != checksum(raw, body) {
		return nil, nil, store.ErrDamaged
	}
	return body[:p.head:p.head], body[p.head:], nil
}
