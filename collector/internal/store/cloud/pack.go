package cloud

import (
	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/collector/internal/store/deposit"
)

// Packs are those of store/deposit. A record holds head, payload and the sealed capsules, whose shred key alone lies in the index: what is
// destroyed must be short, and what is long need not lie where it costs most. sealed is 0 for boxes of older collectors, which left capsules
// in the index.

const recordMost = 32 << 20

// place is where a record lies in its pack, and how long its parts are.
type place struct{ at, head, payload, sealed int64 }

func (p place) size() int64 { return deposit.RecordHead + p.head + p.payload + p.sealed }

func (p place) sane() bool {
	return p.at >= int64(len(deposit.PackMagic)) && p.head >= 0 && p.payload >= 0 && p.sealed >= 0 && p.size() <= recordMost
}

// encodePack makes a pack of records and their sealed capsules, and says where each lies.
func encodePack(records []*store.Record, sealed [][]byte) ([]byte, []place) {
	size := len(deposit.PackMagic)
	for i, r := range records {
		size += deposit.RecordHead + len(r.Head) + len(r.Payload) + len(sealed[i])
	}
	body, places := append(make([]byte, 0, size), deposit.PackMagic...), make([]place, len(records))
	for i, r := range records {
		places[i] = place{int64(len(body)), int64(len(r.Head)), int64(len(r.Payload)), int64(len(sealed[i]))}
		h := deposit.Head(r.Batch, r.Head, r.Payload, sealed[i])
		body = append(append(append(append(body, h[:]...), r.Head...), r.Payload...), sealed[i]...)
	}
	return body, places
}

// decodeRecord returns the parts of the record that raw is, checked.
func decodeRecord(raw []byte, batch store.ID, p place) (head, payload, sealed []byte, err error) {
	if !p.sane() || int64(len(raw)) != p.size() {
		return nil, nil, nil, store.ErrDamaged
	}
	head, rest, err := deposit.Decode(raw, batch, p.head)
	if err != nil {
		return nil, nil, nil, err
	}
	return head, rest[:p.payload:p.payload], rest[p.payload:], nil
}
