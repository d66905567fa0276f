package spool

import (
	"runtime"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope/payload"
	"github.com/byleave/byleave/proto/envelope/seal"
	"github.com/byleave/byleave/proto/pb"
)

// Bounds of one batch.
const (
	maxActivity = 60 * time.Second
	// maxSilence is how long gaps alone wait for something that happened: nobody misses them meanwhile, and a box costs the computer a wake-up,
	// the disk and the network. What an unclean end loses of them is told as lost.
	maxSilence = time.Hour
	maxBytes   = 256 << 10
	// maxEvent is how large one event with its frames may be: what fits into the largest bucket even if nothing compresses.
	maxEvent = seal.MaxCompressed - 4<<10
	// perMessage is what an event or a frame costs beside its content: tags, lengths, times.
	perMessage = 24
)

// item is one event of a batch.
type item struct {
	at, until time.Time
	action    *pb.Action // nil for anything else
	task      *pb.Task   // nil for anything else
	gap       pb.Reason
	frames    []*pb.Frame
}

// newItem takes an event over. One that can never fit into a box loses its later frame, then both, and says so in their place;
// one that cannot be encoded at all becomes a gap, so that it costs no neighbour.
func newItem(e redact.Event) item {
	return item{at: e.At(), until: e.Until(), action: e.Action(), task: e.Task(), gap: e.Gap(), frames: e.Frames()}.fit()
}

func (it item) fit() item {
	if it.action == nil {
		return it
	}
	for _, drop := range []func(*pb.Action) **pb.FrameRef{
		nil,
		func(a *pb.Action) **pb.FrameRef { return &a.After },
		func(a *pb.Action) **pb.FrameRef { return &a.Before },
	} {
		if drop != nil {
			it = it.without(drop)
		}
		if _, err := proto.Marshal(it.action); err == nil && it.size(nil) <= maxEvent {
			return it
		}
	}
	gap := redact.NewGap(it.at, it.until, policy.Blind)
	return item{at: gap.At(), until: gap.Until(), gap: gap.Gap()}
}

// without gives the item without the frame that ref finds. The event's own action stays as it is.
func (it item) without(ref func(*pb.Action) **pb.FrameRef) item {
	it.action = proto.CloneOf(it.action)
	if r := ref(it.action); *r != nil {
		*r = &pb.FrameRef{Withheld: "too large"}
	}
	var kept []*pb.Frame
	for _, f := range it.frames {
		hash := string(f.GetSha256())
		if string(it.action.GetBefore().GetSha256()) == hash || string(it.action.GetAfter().GetSha256()) == hash {
			kept = append(kept, f)
		}
	}
	it.frames = kept
	return it
}

// size is an upper bound of the bytes that the item adds to a payload which has the frames in have.
func (it item) size(have map[string]bool) int {
	n := 2 * perMessage
	if it.action != nil {
		n += proto.Size(it.action)
	}
	if it.task != nil {
		n += proto.Size(it.task)
	}
	for _, f := range it.frames {
		if !have[string(f.GetSha256())] {
			n += proto.Size(f) + perMessage
		}
	}
	return n
}

// batch is what was recorded since the last cut. It lies in RAM only.
type batch struct {
	items    []item
	frames   []*pb.Frame
	have     map[string]bool // frames by hash
	size     int             // upper bound of the payload's bytes
	activity time.Time       // when the first action began; zero without one
	deadline time.Time       // by the clock of this process
}

func (b *batch) empty() bool { return len(b.items) == 0 }

// takes tells whether it belongs into this batch: an empty one takes everything.
func (b *batch) takes(it item, now time.Time) bool {
	if b.empty() {
		return true
	}
	if b.size+it.size(b.have) > maxBytes || !now.Before(b.deadline) {
		return false
	}
	return it.action == nil || b.activity.IsZero() || it.until.Sub(b.activity) <= maxActivity
}

// add puts it in. A frame that the batch has already is not kept twice.
func (b *batch) add(it item, now time.Time) {
	if b.empty() {
		b.deadline = now.Add(maxSilence)
		b.have = map[string]bool{}
		b.size = 8 * perMessage
	}
	if soon := now.Add(maxActivity); (it.action != nil || it.task != nil) && soon.Before(b.deadline) {
		b.deadline = soon
	}
	b.size += it.size(b.have)
	for _, f := range it.frames {
		if hash := string(f.GetSha256()); !b.have[hash] {
			b.have[hash] = true
			b.frames = append(b.frames, f)
		}
	}
	it.frames = nil
	b.items = append(b.items, it)
	if it.action != nil && b.activity.IsZero() {
		b.activity = it.at
	}
}

// payload is the batch as the bytes that are sealed.
func (b *batch) payload(k Keys) ([]byte, error) {
	start := b.items[0].at
	for _, it := range b.items {
		if it.at.Before(start) {
			start = it.at // a gap begins on a whole second, so it may begin before an earlier action
		}
	}
	p := &pb.Payload{
		Schema: payload.Columns, Session: k.Session[:], StartedAt: start.UnixMilli(), Frames: b.frames, Redactor: k.Redactor,
		Platform: &pb.Platform{Os: runtime.GOOS, Display: k.Display},
	}
	for _, it := range b.items {
		out := &pb.Event{AtMs: it.at.Sub(start).Milliseconds()}
		switch {
		case it.action != nil:
			out.What = &pb.Event_Action{Action: it.action}
		case it.task != nil:
			out.What = &pb.Event_Task{Task: it.task}
		default:
			out.What = &pb.Event_Gap{Gap: &pb.Gap{EndMs: it.until.Sub(start).Milliseconds(), Reason: it.gap}}
		}
		p.Events = append(p.Events, out)
	}
	return payload.Pack(p)
}
