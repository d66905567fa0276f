package flow

import (
	"context"
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/byleave/byleave/agent/internal/keystore"
	"github.com/byleave/byleave/agent/internal/power"
	"github.com/byleave/byleave/agent/internal/spool"
	"github.com/byleave/byleave/agent/internal/upload"
	"github.com/byleave/byleave/policy"
)

// What the computer says of its energy and its network, and what the person allows, decide when boxes leave and how long they stay.

// runPower follows the battery and the network.
func (a *agent) runPower(ctx context.Context) error {
	return power.Run(ctx, power.Options{Changed: a.powered, Woke: a.woke})
}

// powered passes on what the computer says.
func (a *agent) powered(s power.State) {
	a.energy.Store(&s)
	a.budget.Here(upload.Conditions{Battery: s.Battery, Charge: s.Charge, Metered: s.Metered, Network: s.Network})
	if up := a.uploader.Load(); up != nil {
		up.Kick()
	}
	signal(a.news)
}

// profile is how much the agent may cost now, and why. Before the computer has said anything it is on mains. Whoever asks is about to work or
// to tell: that is when the processor's pressure is looked at.
func (a *agent) profile() (p power.Profile, why string) {
	var s power.State
	if said := a.energy.Load(); said != nil {
		s = *said
	}
	s.Busy = a.pressure.Busy()
	return s.Profile()
}

// pace is the least time between two pictures now.
func (a *agent) pace() time.Duration {
	p, _ := a.profile()
	return p.Pictures()
}

// thriftyReader reads nothing while the profile spares it: every line stays masked then.
type thriftyReader struct {
	reader
	profile func() (power.Profile, string)
}

var errSpared = errors.New("no line is read now, to spare energy")

// Read reads one line of a picture.
func (r thriftyReader) Read(ctx context.Context, line *image.Gray) (text string, sure float64, err error) {
	if p, _ := r.profile(); !p.Reveals() {
		return "", 0, errSpared
	}
	return r.reader.Read(ctx, line)
}

// thrift says what the profile spares, and why; "" on mains, where nothing is spared.
func (a *agent) thrift() string {
	p, why := a.profile()
	if p == power.Mains {
		return ""
	}
	words := fmt.Sprintf("%s: one picture in %v at most", why, p.Pictures())
	if !p.Reveals() {
		words += ", and no line of it is shown again"
	}
	return words
}

// woke lets what is due leave after a sleep, in which no timer ran.
func (a *agent) woke() {
	if up := a.uploader.Load(); up != nil {
		up.Woke()
	}
	signal(a.stirred)
}

// loadLimits makes the person's limits and the policies' budgets count. What cannot be read lets nothing leave, and destroys nothing.
func (a *agent) loadLimits() {
	l, err := a.keys.Limits()
	a.budget.Own(l, err)
	a.limits.Store(&l)
	a.spool.Limit(spool.Quota{Bytes: l.Room(), DropOldest: l.DropOldest})
	if err != nil {
		a.limits.Store(nil)
		a.spool.Limit(spool.Quota{})
	}
	signal(a.due) // there may be room again
	a.budget.Policy(a.bytesPerDay())
}

// bytesPerDay is the smaller budget of the newest policy and the one that the person agreed to; 0 if one of them cannot be read.
func (a *agent) bytesPerDay() uint64 {
	id, err := a.keys.Identity()
	if err != nil {
		return 0
	}
	newest, err := a.newestPolicy()
	if err != nil {
		return 0
	}
	least := newest.BytesPerDay()
	_, signed, err := a.keys.Consent()
	if err != nil || signed == nil {
		return least
	}
	pinned, err := policy.Parse(signed, id.PolicyKey)
	if err != nil {
		return 0
	}
	return min(least, pinned.BytesPerDay())
}

// hold is how long a box stays here before it may leave: the person's limit, else what the agent was started with. Where the limits
// cannot be read it is the longest there is.
func (a *agent) hold() time.Duration {
	l := a.limits.Load()
	switch {
	case l == nil:
		return keystore.LongestHold
	case l.Hold != nil:
		return *l.Hold
	}
	return a.cfg.Hold
}

// keepCopies removes the person's copies that they do not want to keep longer.
func (a *agent) keepCopies() {
	l := a.limits.Load()
	if l == nil {
		return
	}
	days, bytes := l.Keep()
	if _, err := a.spool.Prune(time.Now(), days, bytes); err != nil {
		a.log.Warn("old copies could not be removed", "why", err.Error())
	}
}

// today is what left today, and why nothing more may leave now.
func (a *agent) today(now time.Time) Today {
	t := Today{Processor: processorTime(), Started: a.began}
	t.Bytes, t.Most = a.budget.Today(now)
	p, _ := a.profile()
	t.Profile, t.Thrift = p.String(), a.thrift()
	if _, err := a.keys.Identity(); err == nil {
		t.Why = a.whyWaits(now)
	}
	s := a.energy.Load()
	switch {
	case s == nil:
		return t
	case s.Battery:
		t.Power = fmt.Sprintf("on battery, %d %%", s.Charge)
	default:
		t.Power = "on mains"
	}
	if s.Network != "" {
		t.Power += fmt.Sprintf("; network %q", s.Network)
	}
	if s.Metered {
		t.Power += ", metered"
	}
	return t
}
