package capture

import (
	"context"
	"time"

	"github.com/byleave/byleave/agent/internal/capture/internal/a11y"
	"github.com/byleave/byleave/agent/internal/capture/internal/raw"
	"github.com/byleave/byleave/policy"
)

// witness asks the application what stands in a picture of its window, where lines of pictures may be shown again: a second witness
// beside the pixels. It asks at most once in saysEvery, for that costs the application, too; a picture without an answer has fewer
// lines shown, or none.
type witness struct {
	asked bool // a question is under way
	at    policy.Moment
}

const (
	saysEvery = time.Second            // between two questions, at least
	saysWait  = 150 * time.Millisecond // for an answer
)

// answered is what the application said of one picture.
type answered struct {
	a    *action
	shot *raw.Shot
	said a11y.Said
	ok   bool
}

// askSays asks about the picture that was just taken for a, in a goroutine of its own. The action waits for the answer, no longer than
// its events are held back anyway.
func (l *loop) askSays(a *action, shot *raw.Shot) {
	k, live, now := &l.witness, l.watch.live, l.now()
	if l.s == nil || shot == nil || k.asked || !live.Allows(policy.Labels) && !live.Allows(policy.Lines) || now.Boot-k.at.Boot < saysEvery && k.at.Boot != 0 {
		return
	}
	k.asked, k.at = true, now
	a.asked++
	pid, s, done, answers := l.sight.focus.PID, l.s, l.done, l.answers
	r := &answered{a: a, shot: shot}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), saysWait)
		defer cancel()
		r.said, r.ok = s.Says(ctx, pid)
		select {
		case answers <- answer{says: r}:
		case <-done:
		}
	}()
}

// said gives the answer to the picture, if that is still there.
func (l *loop) said(r *answered) {
	l.witness.asked = false
	r.a.asked--
	if !r.ok || r.shot.Empty() {
		return
	}
	said := &raw.Said{}
	for _, e := range r.said.Labels {
		said.Labels = append(said.Labels, elementOf(e))
	}
	for _, e := range r.said.Cells {
		said.Cells = append(said.Cells, elementOf(e))
	}
	for _, b := range r.said.Secrets {
		said.Secrets = append(said.Secrets, raw.Rect{X: b.X, Y: b.Y, W: b.W, H: b.H})
	}
	r.shot.Said = said
}
