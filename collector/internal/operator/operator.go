package operator

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/collector/internal/store"
	"github.com/byleave/byleave/proto/pb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	// Lot is how many boxes Tail shows at once at least, so that no single arrival can be watched.
	Lot = 10
	// Floor is the least number of people about whom anything is counted.
	Floor = 10
)

// Operator is the operator's service.
type Operator struct {
	pb.UnimplementedOperatorServer
	store boxes
	log   *slog.Logger
	now   func() time.Time
	done  <-chan struct{}
}

// boxes is what operators are shown of the store.
type boxes interface {
	Scan(ctx context.Context, q store.Query) iter.Seq2[store.Row, error]
	Days(ctx context.Context, now time.Time) ([]store.Day, error)
	Arrived() <-chan struct{}
}

// New makes the service. Tails end when done closes.
func New(s boxes, log *slog.Logger, now func() time.Time, done <-chan struct{}) *Operator {
	return &Operator{store: s, log: log, now: now, done: done}
}

// Tail shows batches in lots: the lots are the same for everyone who asks, and the order within a lot says nothing.
func (o *Operator) Tail(req *pb.TailRequest, stream pb.Operator_TailServer) error {
	var after int64
	for {
		arrived := o.store.Arrived()
		var err error
		if after, err = o.lots(stream, after); err != nil {
			return err
		}
		if !req.GetFollow() {
			return nil
		}
		select {
		case <-arrived:
		case <-o.done:
			return nil
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
		select {
		case <-o.done:
			return nil
		default:
		}
	}
}

// lots sends every full lot of Lot boxes past after and returns where it stopped.
func (o *Operator) lots(stream pb.Operator_TailServer, after int64) (int64, error) {
	lot := make([]store.Row, 0, Lot)
	for row, err := range o.store.Scan(stream.Context(), store.Query{After: after}) {
		if err != nil {
			return after, o.trouble(err)
		}
		if lot = append(lot, row); len(lot) < Lot {
			continue
		}
		after = row.Number
		slices.SortFunc(lot, func(a, b store.Row) int { return bytes.Compare(a.Batch[:], b.Batch[:]) })
		for _, r := range lot {
			if err := stream.Send(&pb.TailResponse{Batch: r.Batch[:], SizeBucket: uint32(r.Bucket), Hour: r.Received.Unix(), PurposeId: r.Purpose}); err != nil {
				return after, err
			}
		}
		lot = lot[:0]
	}
	return after, nil
}

// Stats sums up whole UTC days that have ended. A day with fewer than Floor people is not shown at all.
func (o *Operator) Stats(ctx context.Context, _ *pb.StatsRequest) (*pb.StatsResponse, error) {
	days, err := o.store.Days(ctx, o.now())
	if err != nil {
		return nil, o.trouble(err)
	}
	out := &pb.StatsResponse{Suppressed: true}
	var text strings.Builder
	for _, d := range days {
		if d.Subjects < Floor {
			continue
		}
		out.Suppressed = false
		boxes := down(d.Boxes)
		out.Boxes += boxes
		out.Bytes += d.Bytes >> 20 << 20
		fmt.Fprintf(&text, "%s  people %d or more  boxes %d or more  MiB %d\n", d.Day.Format(time.DateOnly), down(d.Subjects), boxes, d.Bytes>>20)
	}
	if out.Suppressed {
		text.WriteString("The collector is working. Counts are shown for days that have ended and had at least 10 people.\n")
	}
	out.Text = text.String()
	return out, nil
}

// down rounds down to tens.
func down(n uint64) uint64 { return n - n%10 }

func (o *Operator) trouble(err error) error {
	o.log.Error("the store cannot be asked", "error", err)
	return status.Error(codes.Unavailable, "the collector cannot use its store now: see its log")
}
