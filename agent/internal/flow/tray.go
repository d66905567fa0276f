package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/agent/internal/tray"
	"github.com/byleave/byleave/policy"
	"github.com/byleave/byleave/proto/envelope"
)

// The tray is the person's hand on the agent. It asks for the same verbs as the control socket, and is woken by what changes.

// forgetLast is how far back one click forgets.
const forgetLast = "10m"

// news wakes whoever shows the agent's state. It receives when the gate, the spool or an answer changed.
type news chan struct{}

// told is the spool as the uploader sees it, and tells when a box has left or was set aside.
type told struct {
	*spool.Spool
	news news
}

func (t told) Sent(id envelope.ID) error {
	defer signal(t.news)
	return t.Spool.Sent(id)
}

func (t told) Quarantine(id envelope.ID, why string) error {
	defer signal(t.news)
	return t.Spool.Quarantine(id, why)
}

// runTray shows the tray while the agent runs. Where there is none, the agent goes on: the mark on the screen counts.
func (a *agent) runTray(ctx context.Context) error {
	for {
		err := tray.Run(ctx, tray.Options{View: a.view, Changed: a.news, Do: a.act, Host: a.hosted})
		if ctx.Err() != nil || err == nil {
			return nil
		}
		a.hosted(err.Error())
		if errors.Is(err, tray.ErrGone) || !wait(ctx, a.again, 0) {
			return nil
		}
	}
}

// runNews passes on that the gate changed.
func (a *agent) runNews(ctx context.Context) error {
	changed, unwatch := a.gate.Watch()
	defer unwatch()
	for wait(ctx, changed, 0) {
		signal(a.news)
	}
	return nil
}

// hosted notes why nobody shows the icon, and says it once.
func (a *agent) hosted(words string) {
	if was := a.untrayed.Swap(&words); words != "" && (was == nil || *was != words) {
		a.log.Warn("no tray icon", "why", words)
	}
}

// showTray looks again for a tray, and answers with why there is none.
func (a *agent) showTray(ctx context.Context, _ json.RawMessage) (any, error) {
	if words := a.untrayed.Load(); words != nil && *words == tray.ErrGone.Error() {
		return *words, nil
	}
	signal(a.again)
	return tray.Hosted(ctx), nil
}

// view is what the tray shows at this instant.
func (a *agent) view() tray.View {
	g, n, p := a.gate.Status(), a.spool.Stats(), a.gate.Live()
	v := tray.View{State: g.State.String(), Words: a.said(g), App: g.App, PausedUntil: g.PausedUntil, Held: n.Held, Thrift: a.thrift()}
	now := time.Now()
	if v.Used, v.Most = a.budget.Today(now); n.Held > 0 {
		v.Waits = a.whyWaits(now)
	}
	var kinds policy.Classes
	for _, c := range policy.AllClasses() {
		if p.Allows(c) {
			kinds = kinds.With(c)
		}
	}
	v.Kinds = kinds.String()
	if c := a.consent.Load(); c != nil {
		v.AgreedUntil = c.Expires()
	}
	if !n.Oldest.IsZero() && n.Released == 0 {
		v.NextSend = n.Oldest.Add(a.hold())
	}
	if words := a.answer.Load(); words != nil {
		v.Answer = *words
	}
	return v
}

// act carries out what the person clicked, and answers in words.
func (a *agent) act(ctx context.Context, act tray.Act) {
	words, err := a.acted(ctx, act)
	if err != nil {
		words = err.Error()
	}
	a.answer.Store(&words)
	signal(a.news)
}

func (a *agent) acted(ctx context.Context, act tray.Act) (words string, err error) {
	switch act {
	case tray.PauseForever:
		return "", a.beginPause(time.Time{})
	case tray.PauseHour:
		return "", a.beginPause(time.Now().Add(time.Hour))
	case tray.PauseQuarter:
		return "", a.beginPause(time.Now().Add(15 * time.Minute))
	case tray.Resume:
		return "", a.endPause()
	case tray.Forget:
		return a.forgetRecent(ctx)
	case tray.Review:
		if err := a.known(ctx).Enter(); err != nil { // also without a consent, when no display was looked at
			return "", err
		}
		return "", a.cfg.Review(ctx)
	case tray.Withdraw:
		return a.withdrawNow()
	case tray.Quit:
		// Only a pause that survives the next start lets the agent end: whoever quits does not expect to be recorded tomorrow.
		if err := a.beginPause(time.Time{}); err != nil {
			return "", fmt.Errorf("paused, but not closed: the pause would end with the agent: %w", err)
		}
		a.quit()
	}
	return "", nil
}

// forgetRecent asks for the verb that erases, as the person's command does.
func (a *agent) forgetRecent(ctx context.Context) (string, error) {
	forget, ok := a.verbs()["forget"]
	if !ok {
		return "", errors.New("this agent cannot forget yet; pause it, and update it")
	}
	out, err := forget.Do(ctx, json.RawMessage(`{"last":"`+forgetLast+`"}`))
	if err != nil {
		return "", err
	}
	var n struct{ Destroyed, Requested int }
	if b, err := json.Marshal(out); err != nil || json.Unmarshal(b, &n) != nil {
		return "", errors.New("forgotten, but how much is not understood; see byleave status")
	}
	if n.Requested == 0 {
		return fmt.Sprintf("Forgotten: %s here, nothing had left", policy.Count(n.Destroyed, "box")), nil
	}
	return fmt.Sprintf("Forgotten: %s here, %d asked of the collector", policy.Count(n.Destroyed, "box"), n.Requested), nil
}

// withdrawNow ends every consent of this device, as `byleave consent withdraw` does.
func (a *agent) withdrawNow() (string, error) {
	n, err := a.endAll("tray: clicked Withdraw now")
	switch {
	case err != nil:
		return "", err
	case n.Consents == 0:
		return "There is no consent to withdraw", nil
	case n.Receipts != "":
		return "Withdrawn, but its receipt is not written yet; see byleave status", nil
	}
	return "Withdrawn. What had not left is destroyed; to erase what was sent, open the review", nil
}
