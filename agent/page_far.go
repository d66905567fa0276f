package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/agent/internal/rights"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/erasure"
	"github.com/byleave/byleave/proto/pb"
)

// farMost bounds the sealed bytes that the page of a receipt keeps in memory.
const farMost = 512 << 20

// errBeyond is why a box of a receipt is listed and not opened.
var errBeyond = errors.New("the page holds no more")

// farDesk is the page for when the computer is lost: what the collector holds of the person whose receipt this is. It needs nothing of
// this computer, and leaves nothing on it.
func farDesk(r erasure.Receipt) review.Desk {
	return review.Desk{
		Far:  true,
		Look: func(context.Context) (review.View, error) { return review.View{}, nil },
		Unlock: func(ctx context.Context, secret []byte) (review.Mine, error) {
			boxes, err := fetchFar(ctx, r, string(secret))
			if err != nil {
				return review.Mine{}, err
			}
			return review.Mine{
				Boxes:    func(context.Context) ([]review.Box, error) { return slices.Clone(boxes), nil },
				Erasures: func() (review.Erasures, error) { return review.Erasures{}, nil },
				Stones:   func() []uint64 { return nil },
				ForgetAll: func(ctx context.Context, _ []byte) (review.Forgotten, error) {
					m, err := erasure.Ask(ctx, r)
					if err != nil {
						return review.Forgotten{}, err
					}
					return review.Forgotten{All: true, Record: erasure.Sentence(m)}, nil
				},
			}, nil
		},
	}
}

// fetchFar gets what the collector holds, the newest first, and opens each box once to learn from when it is. A code that opens none of
// them is a wrong one.
func fetchFar(ctx context.Context, r erasure.Receipt, code string) (out []review.Box, err error) {
	key, err := keystore.Recovered(code)
	if err != nil {
		return nil, err
	}
	line, err := upload.OpenByReceipt(r)
	if err != nil {
		return nil, review.Away{Why: err}
	}
	defer func() { err = errors.Join(err, line.Close()) }()
	held, err := line.Mine(ctx)
	if err != nil {
		return nil, review.Away{Why: err}
	}
	held.Boxes = slices.DeleteFunc(held.Boxes, func(h *pb.Holding) bool { return len(h.GetBatch()) != len(envelope.ID{}) }) // it names no box
	slices.SortStableFunc(held.Boxes, func(a, b *pb.Holding) int { return cmp.Compare(b.GetHour(), a.GetHour()) })
	far, foreign, room := &remote{ctx, line, held}, 0, int64(farMost)
	arrived := map[envelope.ID]time.Time{}
	for _, h := range held.GetBoxes() {
		arrived[envelope.ID(h.GetBatch())] = time.Unix(h.GetHour(), 0)
	}
	err = far.fetch(func(s rights.Sealed) error {
		raw, err := s.Raw()
		if err != nil {
			return err
		}
		b := review.Box{ID: s.Name, Sequence: s.Sequence, State: review.Sent, Size: int64(len(raw)), Sealed: arrived[s.Batch], Damage: farDamage}
		if room -= b.Size; room < 0 {
			raw = nil
		}
		read := rights.NewReader(key, s.Device)
		b.Open = func() (*pb.Payload, error) {
			if raw == nil {
				return nil, errBeyond
			}
			return read.Open(raw, s.Batch, s.Sequence)
		}
		p, err := b.Open()
		if errors.Is(err, envelope.ErrNotAddressed) {
			foreign++
		}
		b.From, b.Until = spanOf(p, b.Sealed)
		out = append(out, b)
		return nil
	})
	switch {
	case err != nil:
		return nil, review.Away{Why: err}
	case foreign > 0 && foreign == len(out):
		return nil, errors.New("the code opens nothing of this receipt")
	}
	return out, nil
}

// farDamage is rights.Damage for what this page holds no more of, too.
func farDamage(err error) string {
	if errors.Is(err, errBeyond) {
		return "there is more than this page holds at once; byleave export-mine --receipt gives you all of it"
	}
	return rights.Damage(err)
}

// spanOf is the time of a box; of one that does not open, when it arrived.
func spanOf(p *pb.Payload, arrived time.Time) (from, until time.Time) {
	if p == nil {
		return arrived, arrived
	}
	from = time.UnixMilli(p.GetStartedAt())
	until = from
	for _, e := range p.GetEvents() {
		end := max(e.GetAtMs(), e.GetGap().GetEndMs())
		if t := from.Add(time.Duration(end) * time.Millisecond); t.After(until) {
			until = t
		}
	}
	return from.Truncate(time.Second), until.Add(time.Second - 1).Truncate(time.Second)
}
