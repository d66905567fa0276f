package review

import (
	"fmt"
	"strings"
	"time"

	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/pb"
)

// Why says in words why a time was not recorded.
func Why(r pb.Reason) string {
	switch r {
	case pb.Reason_REASON_NOT_AGREED:
		return "another application, that you did not agree to"
	case pb.Reason_REASON_HOURS:
		return "outside the hours that you agreed to"
	case pb.Reason_REASON_PAUSED:
		return "you had paused, or the screen was locked"
	case pb.Reason_REASON_SECRET:
		return "a secret field: no text, no number of keys, no picture"
	case pb.Reason_REASON_EXCLUDED:
		return "a window that is never recorded"
	case pb.Reason_REASON_EDGE:
		return "too near to a change of window or consent to be sure"
	case pb.Reason_REASON_INDICATOR:
		return "the mark could not be seen"
	case pb.Reason_REASON_LOST:
		return "the agent did not run, or what it held was lost"
	case pb.Reason_REASON_DISK:
		return "it could not be stored"
	case pb.Reason_REASON_DELETED:
		return "you deleted it"
	default:
		return "something was not known for sure, so nothing was recorded"
	}
}

// did says what the person did.
func did(a *pb.Action) string {
	switch a.GetKind() {
	case pb.Kind_KIND_CLICK:
		times := map[uint32]string{2: "Double click", 3: "Triple click"}[a.GetCount()]
		if times == "" {
			times = "Click"
		}
		if b := a.GetButton(); b != "" && b != "left" {
			times += ", " + b + " button"
		}
		return times
	case pb.Kind_KIND_DRAG:
		return "Drag"
	case pb.Kind_KIND_SCROLL:
		return "Scroll" + notches(a.GetScrollX(), "right", "left") + notches(a.GetScrollY(), "down", "up")
	case pb.Kind_KIND_HOTKEY:
		return "Keys"
	case pb.Kind_KIND_TEXT:
		return "Typed text"
	case pb.Kind_KIND_WAIT:
		return "Wait"
	}
	return "Action"
}

func notches(n int32, more, less string) string {
	switch {
	case n > 0:
		return fmt.Sprintf(" %d %s", n, more)
	case n < 0:
		return fmt.Sprintf(" %d %s", -int64(n), less)
	}
	return ""
}

// where says at which place of the window.
func where(a *pb.Action) string {
	if a.GetAt() == nil {
		return ""
	}
	s := fmt.Sprintf("%d × %d", a.GetAt().GetX(), a.GetAt().GetY())
	if a.GetTo() != nil {
		s += fmt.Sprintf(" to %d × %d", a.GetTo().GetX(), a.GetTo().GetY())
	}
	return s
}

// piece is a part of a typed text: as it was typed, or a token in its place.
type piece struct {
	Text  string
	Token bool
}

// pieces cuts a text at its tokens. Spans that do not fit are passed over: the text is shown all the same.
func pieces(t *pb.Text) []piece {
	net, at := t.GetNet(), 0
	var out []piece
	for _, s := range t.GetSpans() {
		from, to := int(s.GetStart()), int(s.GetEnd())
		if from < at || to <= from || to > len(net) {
			continue
		}
		if from > at {
			out = append(out, piece{Text: net[at:from]})
		}
		out = append(out, piece{net[from:to], true})
		at = to
	}
	if at < len(net) {
		out = append(out, piece{Text: net[at:]})
	}
	return out
}

// paper says which receipt a name is of, as a person would. A name that we did not give stays as it is.
func paper(name string) string {
	date, what, ok := strings.Cut(name, "Z-")
	at, err := time.Parse("2006-01-02T150405", date)
	if !ok || err != nil {
		return name
	}
	switch what, _, _ = strings.Cut(what, "-"); what {
	case "given":
		what = "you agreed"
	case "withdrawn":
		what = "you withdrew"
	case "ledger":
		what = "the ledger contradicted itself"
	default:
		return name
	}
	return at.Local().Format("2 January 2006, 15:04: ") + what
}

// kinds are the kinds of data that an action can hold. What is shown again in a picture is a part of the picture.
func kinds() []policy.Class {
	return []policy.Class{policy.Pointer, policy.Hotkeys, policy.Text, policy.Frames, policy.Elements}
}

// short is a kind of data in a word or two.
func short(c policy.Class) string {
	return map[policy.Class]string{
		policy.Pointer: "Pointer", policy.Hotkeys: "Keys", policy.Text: "Text", policy.Frames: "Pictures", policy.Elements: "Fields",
	}[c]
}

// lasted is a length of time as a person says it.
func lasted(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d < 0:
		return ""
	case d < 2*time.Minute:
		return policy.Count(int(d/time.Second), "second")
	case d < 2*time.Hour:
		return policy.Count(int(d/time.Minute), "minute")
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// size is a number of bytes as a person says it.
func size(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%d kB", (n+999)/1000)
	case n < 1e9:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

// processor is a time of a processor.
func processor(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return lasted(d)
}
