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
	// Lot is how many boxes Tail shows at once at least, and Floor of how many people, so that nobody's arrival can be watched.
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
	Days(ctx context.Context, now time.Time, least int) ([]store.Day, error)
	Arrived() <-chan struct{}
}

// New makes the service. Tails end when done closes.
func New(s boxes, log *slog.Logger, now func() time.Time, done <-chan struct{}) *Operator {
	return &Operator{store: s, log: log, now: now, done: done}
}

// Tail shows batches in lots of at least Lot boxes of at least Floor people: the lots are the same for everyone who asks, and the order
// within a lot says nothing. Below Floor people it shows nothing.
func (o *Operator) Tail(req *pb.TailRequest, stream pb.Operator_TailServer) error {
	next := lot{people: map[store.ID]bool{}}
	for {
		arrived := o.store.Arrived()
		if err := o.lots(stream, &next); err != nil {
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

// lot is a lot that grows.
type lot struct {
	after, until int64 // numbers of the last box before it, and of its last one so far
	boxes        int
	people       map[store.ID]bool
}

// lots looks at what arrived since, and shows each lot that is full.
func (o *Operator) lots(stream pb.Operator_TailServer, l *lot) error {
	for row, err := range o.store.Scan(stream.Context(), store.Query{After: l.until}) {
		if err != nil {
			return o.trouble(err)
		}
		l.until, l.boxes, l.people[row.Subject] = row.Number, l.boxes+1, true
		if l.boxes < Lot || len(l.people) < Floor {
			continue
		}
		if err := o.show(stream, *l); err != nil {
			return err
		}
		l.after, l.boxes = l.until, 0
		clear(l.people)
	}
	return nil
}

// showMost bounds how many boxes of a lot are put in order together.
const showMost = 1000

func (o *Operator) show(stream pb.Operator_TailServer, l lot) error {
	rows := make([]store.Row, 0, min(l.boxes, showMost))
	send := func() error {
		slices.SortFunc(rows, func(a, b store.Row) int { return bytes.Compare(a.Batch[:], b.Batch[:]) })
		for _, r := range rows {
			if err := stream.Send(&pb.TailResponse{Batch: r.Batch[:], SizeBucket: uint32(r.Bucket), Hour: r.Received.Unix(), PurposeId: r.Purpose}); err != nil {
				return err
			}
		}
		rows = rows[:0]
		return nil
	}
	for row, err := range o.store.Scan(stream.Context(), store.Query{After: l.after}) {
		if err != nil {
			return o.trouble(err)
		}
		if row.Number > l.until {
			break
		}
		if rows = append(rows, row); len(rows) == showMost {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}

// Stats sums up whole UTC days that have ended. A day with fewer than Floor people is not shown at all.
func (o *Operator) Stats(ctx context.Context, _ *pb.StatsRequest) (*pb.StatsResponse, error) {
	days, err := o.store.Days(ctx, o.now(), Floor)
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
