package flow

import (
	"context"
	"fmt"
	"time"

	"github.com/byleave/byleave/agent/internal/gate"
	"github.com/byleave/byleave/policy"
)

// What the person is told once, without being asked anything: that a narrower policy took effect, and that their consent ends.

// sayFor is how long the mark shows it. It begins when the mark shows it first.
const sayFor = 6 * time.Second

// bulletin is one such sentence in three words. A zero until means that nobody has seen it yet.
type bulletin struct {
	words string
	until time.Time
}

// announce lets the mark say words once.
func (a *agent) announce(words string) {
	a.bulletin.Store(&bulletin{words: words})
	signal(a.spoke)
	signal(a.news)
}

// saying is the words that the mark shows under s, and for how long; 0 means until something changes. While nothing is recorded
// the mark must say why, so news waits until something is. Only runMark calls it.
func (a *agent) saying(s gate.Status) (string, time.Duration) {
	n := a.bulletin.Load()
	if n == nil || s.State != gate.Recording {
		return s.Words, 0
	}
	if n.until.IsZero() {
		shown := &bulletin{n.words, time.Now().Add(sayFor)}
		if !a.bulletin.CompareAndSwap(n, shown) {
			return s.Words, time.Millisecond // something newer came: look again
		}
		n = shown
	}
	if left := time.Until(n.until); left > 0 {
		return n.words, left
	}
	a.bulletin.CompareAndSwap(n, nil)
	return s.Words, 0
}

// said is what the mark shows now under s.
func (a *agent) said(s gate.Status) string {
	if n := a.bulletin.Load(); n != nil && s.State == gate.Recording && time.Now().Before(n.until) {
		return n.words
	}
	return s.Words
}

// refused is the person's no, if they said one after they agreed. Nothing is recorded then, and nothing is asked.
func (a *agent) refused() error {
	no, err := a.keys.Refused()
	if err != nil {
		return fmt.Errorf("it is not sure whether you said no, so nothing is recorded: %w", err)
	}
	if no.IsZero() {
		return nil
	}
	return fmt.Errorf("you said no on %s: nothing is recorded and you are not asked again; `byleave consent give` is there if you change your mind",
		no.Local().Format("2 January 2006"))
}

// noteNarrowed notes when a policy that asks for less than was agreed takes effect by itself. Call it before load.
func (a *agent) noteNarrowed(next policy.Policy) (bool, error) {
	pinned, err := a.pinned()
	if err != nil || pinned.IsZero() {
		return false, err
	}
	changes := policy.Diff(next, pinned)
	if len(changes) == 0 || len(policy.Wider(changes)) > 0 {
		return false, nil
	}
	return true, a.keys.SaveNarrowed(a.clock.now().Wall)
}

// pinned is the policy that the last consent was given for, zero if none was.
func (a *agent) pinned() (policy.Policy, error) {
	id, err := a.keys.Identity()
	if err != nil {
		return policy.Policy{}, err
	}
	_, signed, err := a.keys.Consent()
	if err != nil || signed == nil {
		return policy.Policy{}, err
	}
	return policy.Parse(signed, id.PolicyKey)
}

// remarks is what the status says beside the state while all is well: that less is asked than was agreed, that the end is near.
func (a *agent) remarks(c *policy.Consent) string {
	var out string
	pinned, err1 := a.pinned()
	newest, err2 := a.newestPolicy()
	when, err3 := a.keys.Narrowed()
	if err1 == nil && err2 == nil && err3 == nil && !when.IsZero() {
		if changes := policy.Diff(newest, pinned); len(changes) > 0 {
			out = fmt.Sprintf("The policy was narrowed on %s: %s.", when.Local().Format("2 January 2006"), policy.Inert(policy.Sentence(changes)))
		}
	}
	if now := a.clock.now().Wall; !now.Before(c.RemindAt()) && now.Before(c.Expires()) {
		if out != "" {
			out += " "
		}
		out += fmt.Sprintf("Your consent ends on %s; doing nothing ends it.", c.Expires().Local().Format("2 January 2006, 15:04"))
	}
	return out
}

// remind says once that the consent will end. It notes that first: rather no reminder than two.
func (a *agent) remind() {
	c := a.consent.Load()
	if c == nil || a.rules.Load() == nil || a.keys.Reminded(c.ID()) {
		return
	}
	if now := a.clock.now().Wall; now.Before(c.RemindAt()) || !now.Before(c.Expires()) {
		return
	}
	if err := a.keys.SaveReminded(c.ID()); err != nil {
		a.log.Warn("the reminder could not be noted, so it is left out", "why", err.Error())
		return
	}
	a.mu.Lock()
	a.note = a.remarks(c)
	a.mu.Unlock()
	a.announce("consent ends soon")
}

// runReminder says once that the consent will end. It sleeps until that instant, or until there is another consent.
func (a *agent) runReminder(ctx context.Context) error {
	for {
		a.remind()
		var sleep time.Duration
		if at := a.remindAt(); !at.IsZero() {
			sleep = max(at.Sub(a.clock.now().Wall), time.Millisecond)
		}
		if !wait(ctx, a.pledged, sleep) {
			return nil
		}
	}
}

// remindAt is when the person will be reminded, zero if they will not.
func (a *agent) remindAt() time.Time {
	c := a.consent.Load()
	if c == nil || a.rules.Load() == nil || a.keys.Reminded(c.ID()) || !c.RemindAt().After(a.clock.now().Wall) {
		return time.Time{}
	}
	return c.RemindAt()
}
