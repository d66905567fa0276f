package main

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/redact"
	"github.com/byleave/byleave/agent/internal/control"
	"github.com/byleave/byleave/agent/internal/flow"
	"github.com/byleave/byleave/agent/internal/review"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
	"github.com/byleave/byleave/proto/pb"
	"github.com/spf13/cobra"
)

// page is what the review page may do with the person's key.
func (m *mine) page() review.Mine {
	return review.Mine{
		Boxes: m.boxes, ForgetAll: m.forgetAll, Erasures: m.erasures, Stones: m.stones,
		Forget: func(ctx context.Context, s review.Span) (review.Forgotten, error) {
			return m.forget(ctx, flow.Forget{From: s.From, Until: s.Until})
		},
		ForgetBox: m.forgetBox,
		ForgetApp: func(ctx context.Context, app string) (review.Forgotten, error) {
			done, err := m.forgetApp(ctx, app, func(int, int) {})
			f := done.shown()
			f.Cut, f.Damaged = done.Cut, done.Damaged
			return f, err
		},
		Narrow: func(ctx context.Context, id string, c review.Cut) (*pb.Payload, error) {
			f, err := m.boxOf(id)
			if err != nil {
				return nil, err
			}
			p, err := m.open(*f)
			if err != nil {
				return nil, err
			}
			left, err := m.narrow(p, cutOf(c))
			if err != nil || left.IsEmpty() {
				return nil, err
			}
			return left.Payload(), nil
		},
		Cut: func(ctx context.Context, id string, c review.Cut) (bool, error) {
			f, err := m.boxOf(id)
			if err != nil {
				return false, err
			}
			return m.cut(ctx, *f, func(*pb.Payload) (redact.Cut, error) { return cutOf(c), nil })
		},
		Send: m.send,
	}
}

var errGone = errors.New("this box is not here any more: it has left, or was deleted")

// boxOf finds the box that the page calls so.
func (m *mine) boxOf(id string) (*spool.Found, error) {
	found, err := m.found()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(found, func(f spool.Found) bool { return boxID(f) == id })
	if i < 0 {
		return nil, errGone
	}
	return &found[i], nil
}

// forgetBox destroys one box. A file that is none has no id; what was set aside in its time goes with it.
func (m *mine) forgetBox(ctx context.Context, id string) (review.Forgotten, error) {
	f, err := m.boxOf(id)
	if err != nil {
		return review.Forgotten{}, err
	}
	if f.Sequence == 0 {
		return m.forget(ctx, flow.Forget{From: f.Until, Until: f.Until})
	}
	return m.forget(ctx, flow.Forget{Boxes: []envelope.ID{f.Batch}})
}

// stones are the numbers of the boxes that were cut here.
func (m *mine) stones() (out []uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range m.look.Tombstones() {
		if t.Verify(m.id.Device, m.id.Verify()) == nil {
			out = append(out, t.Sequence)
		}
	}
	return out
}

func (m *mine) send(ctx context.Context, ids []string) (review.Sending, error) {
	var what flow.Send
	for _, id := range ids {
		raw, err := hex.DecodeString(id)
		if err != nil || len(raw) != 16 {
			return review.Sending{}, errGone
		}
		what.Boxes = append(what.Boxes, envelope.ID(raw))
	}
	var done flow.Sending
	err := callAgent(ctx, "send", what, &done)
	return review.Sending(done), err
}

// cutOf is a cut in the words of the redactor.
func cutOf(c review.Cut) redact.Cut {
	out := redact.Cut{Events: c.Events, Words: c.Words, Texts: c.Texts}
	for _, f := range c.Frames {
		if raw, err := hex.DecodeString(f); err == nil && len(raw) == 32 {
			out.Frames = append(out.Frames, [32]byte(raw))
		}
	}
	for _, a := range c.Areas {
		if raw, err := hex.DecodeString(a.Frame); err == nil && len(raw) == 32 {
			out.Areas = append(out.Areas, redact.Area{Frame: [32]byte(raw), X: a.X, Y: a.Y, W: a.W, H: a.H})
		}
	}
	return out
}

// useOf is what the page of use and history shows.
func useOf(cmd *cobra.Command) func(context.Context) (review.Use, error) {
	return func(context.Context) (u review.Use, err error) {
		d, err := openDevice()
		if errors.Is(err, errNothingAsked) {
			return u, nil
		}
		if err != nil {
			return u, err
		}
		if u.History, err = d.history(); err != nil {
			return u, err
		}
		var s flow.Status
		if err := call(cmd, "status", nil, &s); errors.Is(err, control.ErrNotRunning) {
			return u, nil
		} else if err != nil {
			return u, err
		}
		u.Running, u.Bytes, u.Most, u.Why, u.Power = true, s.Today.Bytes, s.Today.Most, s.Today.Why, s.Today.Power
		u.CPU, u.Since = s.Today.Processor, time.Since(s.Today.Started).Round(time.Second)
		u.Held, u.HeldBytes, u.Sent, u.SentBytes = s.Spool.Held, s.Spool.HeldBytes, s.Spool.Sent, s.Spool.SentBytes
		if s.Limits != nil {
			u.Quota, u.Limits = s.Limits.Quota, factsOf(s.Limits.Limits, s.Limits.Held)
		}
		return u, nil
	}
}

// gestureInWords says what the person did when a consent was given; to take something back is to give one with less.
func gestureInWords(gesture string) string {
	for _, less := range []string{"took back ", "switched "} {
		if what, ok := strings.CutPrefix(gesture, "page: "+less); ok {
			return "You " + less + what
		}
	}
	return "You agreed"
}

// history is what the person decided, the newest first.
func (d device) history() (out []review.Event, err error) {
	given, err := d.keys.Consents()
	if err != nil {
		return nil, err
	}
	names, err := d.keys.Receipts()
	if err != nil {
		return nil, err
	}
	receipt := func(id [16]byte, what string) string {
		i := slices.IndexFunc(names, func(n string) bool { return len(n) > 17 && n[17:] == "Z-"+what+"-"+hex.EncodeToString(id[:4]) })
		if i < 0 {
			return ""
		}
		return names[i]
	}
	for _, g := range given {
		pinned, err := policy.Parse(g.Policy, d.id.PolicyKey)
		if err != nil {
			return nil, err
		}
		c, err := policy.ParseConsent(g.Consent, d.id.Verify(), pinned)
		if err != nil {
			return nil, err
		}
		more := ""
		for i, grant := range c.Message().GetGrants() {
			if i > 0 {
				more += "; "
			}
			more += grant.GetApplication() + ": " + describeClasses(grant.GetClasses())
		}
		out = append(out, review.Event{At: time.Unix(c.Message().GetGivenAt(), 0), What: gestureInWords(c.Message().GetGesture()), More: more, Receipt: receipt(c.ID(), "given")})
		if name := receipt(c.ID(), "withdrawn"); name != "" {
			if at, err := time.Parse("2006-01-02T150405Z", name[:18]); err == nil {
				out = append(out, review.Event{At: at, What: "You withdrew", Receipt: name})
			}
		}
	}
	if no, err := d.keys.Refused(); err == nil && !no.IsZero() {
		out = append(out, review.Event{At: no, What: "You said no"})
	}
	if less, err := d.keys.Narrowed(); err == nil && !less.IsZero() {
		out = append(out, review.Event{At: less, What: "A narrower policy took effect by itself"})
	}
	slices.SortFunc(out, func(a, b review.Event) int { return b.At.Compare(a.At) })
	return out, nil
}
