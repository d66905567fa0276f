package redact

import (
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// Event is something that may leave RAM: a redacted action with its masked frames, what the person said they
// are doing, or a gap. Only this package makes
// one with content. The zero Event is empty and is refused by everything that takes an Event.
type Event struct {
	at, until time.Time
	action    *pb.Action
	gap       pb.Reason
	task      *pb.Task
	frames    []*pb.Frame
}

// IsZero tells whether e is empty.
func (e Event) IsZero() bool {
	return e.action == nil && e.gap == pb.Reason_REASON_UNSPECIFIED && e.task == nil
}

// At is when it began, rounded down to 100 ms; Until is when it ended, rounded up to 100 ms. Both are whole seconds for typing and for
// gaps.
func (e Event) At() time.Time { return e.at }

// Until is when it ended; see At.
func (e Event) Until() time.Time { return e.until }

// Action is the redacted action, nil for anything else. The caller must not change it.
func (e Event) Action() *pb.Action { return e.action }

// Task is what the person says that they are doing, nil for anything else. The caller must not change it.
func (e Event) Task() *pb.Task { return e.task }

// Gap is the reason of a gap, REASON_UNSPECIFIED for anything else.
func (e Event) Gap() pb.Reason { return e.gap }

// Frames are the masked frames that the action names by hash, each once. The caller must not change them.
func (e Event) Frames() []*pb.Frame { return e.frames }

// NewGap makes a gap; it holds no content, so anyone may. Times are rounded outwards to whole seconds.
func NewGap(from, until time.Time, why policy.Reason) Event {
	from = from.Truncate(time.Second)
	if t := until.Truncate(time.Second); t.Before(until) {
		until = t.Add(time.Second)
	}
	return Event{at: from, until: until, gap: gapReason(why)}
}

func gapReason(why policy.Reason) pb.Reason {
	switch why {
	case policy.NotAgreed:
		return pb.Reason_REASON_NOT_AGREED
	case policy.OutOfHours, policy.Expired:
		return pb.Reason_REASON_HOURS
	case policy.IsPaused, policy.NoConsent:
		return pb.Reason_REASON_PAUSED
	case policy.Secret:
		return pb.Reason_REASON_SECRET
	case policy.Excluded:
		return pb.Reason_REASON_EXCLUDED
	case policy.Edge:
		return pb.Reason_REASON_EDGE
	case policy.NoIndicator:
		return pb.Reason_REASON_INDICATOR
	case policy.DiskTrouble:
		return pb.Reason_REASON_DISK
	case policy.Lost:
		return pb.Reason_REASON_LOST
	default:
		return pb.Reason_REASON_BLIND
	}
}
