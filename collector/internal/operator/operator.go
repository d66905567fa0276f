package operator

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
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
	store.Shown
}

// keepShown is how far back Tail shows anything.
const keepShown = 35 * 24 * time.Hour

// New makes the service. Tails end when done closes.
func New(s boxes, log *slog.Logger, now func() time.Time, done <-chan struct{}) *Operator {
	return &Operator{store: s, log: log, now: now, done: done}
}

// Tail shows batches in lots of at least Lot boxes of at least Floor people: the lots are the same for everyone who asks, and the order
// within a lot says nothing. Below Floor people it shows nothing. What it showed once stays, whoever erases what.
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
	place        int64 // of the last box that was shown
	after, until int64 // numbers of the last box before it, and of its last one so far
	boxes        int
	people       map[store.ID]bool
}

// lots shows what was shown before, by whichever collector, and then each lot that is full, once it is kept.
func (o *Operator) lots(stream pb.Operator_TailServer, l *lot) error {
	ctx := stream.Context()
	for {
		for row, err := range o.store.Shown(ctx, l.place) {
			if err != nil {
				return o.trouble(err)
			}
			if err := stream.Send(line(row)); err != nil {
				return err
			}
			l.place = row.Number
		}
		after, err := o.store.ShownUntil(ctx)
		if err != nil {
			return o.trouble(err)
		}
		if l.after != after { // a lot was shown meanwhile, here or by another collector
			l.begin(after)
			continue
		}
		full, err := o.grow(ctx, l)
		if err == nil && full {
			err = o.store.Show(ctx, l.after, l.until, max(Lot, Floor), o.now().Add(-keepShown))
			l.begin(after) // of a lot out of which somebody erased boxes nothing is known any more
		}
		if err != nil {
			return o.trouble(err)
		}
		if !full {
			return nil
		}
	}
}

func (l *lot) begin(after int64) {
	l.after, l.until, l.boxes = after, after, 0
	clear(l.people)
}

// grow looks at what arrived since, until the lot is full.
func (o *Operator) grow(ctx context.Context, l *lot) (full bool, err error) {
	for row, err := range o.store.Scan(ctx, store.Query{After: l.until}) {
		if err != nil {
			return false, err
		}
		l.until, l.boxes, l.people[row.Subject] = row.Number, l.boxes+1, true
		if l.boxes >= Lot && len(l.people) >= Floor {
			return true, nil
		}
	}
	return false, nil
}

func line(r store.Row) *pb.TailResponse {
	return &pb.TailResponse{Batch: r.Batch[:], SizeBucket: uint32(r.Bucket), Hour: r.Received.Unix(), PurposeId: r.Purpose}
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
		day := &pb.StatsDay{Day: d.Day.Unix(), People: down(d.Subjects), Boxes: down(d.Boxes), Bytes: d.Bytes >> 20 << 20}
		out.Days = append(out.Days, day)
		out.Boxes += day.GetBoxes()
		out.Bytes += day.GetBytes()
		fmt.Fprintf(&text, "%s  people %d or more  boxes %d or more  MiB %d\n", d.Day.Format(time.DateOnly), day.GetPeople(), day.GetBoxes(), day.GetBytes()>>20)
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
