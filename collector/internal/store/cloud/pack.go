package cloud

import (
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

const recordMost = 32 << 20

// place is where a record lies in its pack.
type place struct{ at, head, payload int64 }

func (p place) size() int64 { return deposit.RecordHead + p.head + p.payload }

func (p place) sane() bool {
	return p.at >= int64(len(deposit.PackMagic)) && p.head >= 0 && p.payload >= 0 && p.size() <= recordMost
}

// encodePack makes a pack of the records, and says where each lies.
func encodePack(records []*store.Record) ([]byte, []place) {
	size := len(deposit.PackMagic)
	for _, r := range records {
		size += deposit.RecordHead + len(r.Head) + len(r.Payload)
	}
	body, places := append(make([]byte, 0, size), deposit.PackMagic...), make([]place, len(records))
	for i, r := range records {
		places[i] = place{int64(len(body)), int64(len(r.Head)), int64(len(r.Payload))}
		h := deposit.Head(r)
		body = append(append(append(body, h[:]...), r.Head...), r.Payload...)
	}
	return body, places
}

// decodeRecord returns head and payload of the record that raw is, checked.
func decodeRecord(raw []byte, batch store.ID, p place) (head, payload []byte, err error) {
	if !p.sane() || int64(len(raw)) != p.size() {
		return nil, nil, store.ErrDamaged
	}
	return deposit.Decode(raw, batch, p.head)
}
