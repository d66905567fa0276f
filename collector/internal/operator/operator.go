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

// keeper is a store that remembers what was shown, so that no erasure changes it.
type keeper interface {
	Shown(ctx context.Context, after int64) iter.Seq2[store.Row, error]
	ShownUntil(ctx context.Context) (int64, error)
	Show(ctx context.Context, after, until int64, least int, before time.Time) error
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
	place        int64 // of the last box that was shown, where the store keeps them
	after, until int64 // numbers of the last box before it, and of its last one so far
	boxes        int
	people       map[store.ID]bool
}

// lots looks at what arrived since, and shows each lot that is full.
func (o *Operator) lots(stream pb.Operator_TailServer, l *lot) error {
	if k, ok := o.store.(keeper); ok {
		return o.keptLots(stream, l, k)
	}
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

// keptLots shows what was shown before, and then each lot that is full, once it is kept.
func (o *Operator) keptLots(stream pb.Operator_TailServer, l *lot, k keeper) error {
	ctx := stream.Context()
	for {
		for row, err := range k.Shown(ctx, l.place) {
			if err != nil {
				return o.trouble(err)
			}
			if err := stream.Send(line(row)); err != nil {
				return err
			}
			l.place = row.Number
		}
		after, err := k.ShownUntil(ctx)
		if err != nil {
			return o.trouble(err)
		}
		if l.after != after || l.until < after {
			l.begin(after)
		}
		full, err := o.grow(ctx, l)
		if err == nil && full {
			err = k.Show(ctx, l.after, l.until, max(Lot, Floor), o.now().Add(-keepShown))
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

// showMost bounds how many boxes of a lot are put in order together.
const showMost = 1000

func (o *Operator) show(stream pb.Operator_TailServer, l lot) error {
	rows := make([]store.Row, 0, min(l.boxes, showMost))
	send := func() error {
		slices.SortFunc(rows, func(a, b store.Row) int { return bytes.Compare(a.Batch[:], b.Batch[:]) })
		for _, r := range rows {
			if err := stream.Send(line(r)); err != nil {
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
