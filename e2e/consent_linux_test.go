package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// TestI03WiderPolicyStops: a policy that asks for more stops recording until the person decides, and says what is wider; one that asks
// for less applies by itself.
func TestI03WiderPolicyStops(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, _ := record(ctx, t, s)
	restart := func() { // an agent asks for the newest policy when it starts, and daily
		check(t, agent.Stop())
		agent = run(t, s)
	}
	check(t, s.Publish(ctx, func(p map[string]any) { p["retention_days"] = 30 }))
	restart()
	check(t, s.Until(ctx, "recording under less, and the word of it", func(st stage.Status) bool {
		return recording(st) && strings.Contains(st.Note, "The policy was narrowed on") && strings.Contains(st.Note, "Kept for 30 days, before 90")
	}))
	check(t, s.Publish(ctx, func(p map[string]any) { p["retention_days"] = 400 }))
	restart()
	check(t, s.Until(ctx, "the question", func(st stage.Status) bool {
		return st.State == "consenting" && st.Words == "more is asked" && strings.Contains(st.Note, "longer") && !st.Mark
	}))
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "recording after the person decided", recording))
}

// TestI06PauseSurvivesARestart: an agent that was killed during a pause starts paused.
func TestI06PauseSurvivesARestart(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, _ := record(ctx, t, s)
	_, err := s.Byleave(ctx, "pause", "forever")
	check(t, err)
	check(t, agent.Kill())
	run(t, s)
	check(t, s.Until(ctx, "the pause again", func(st stage.Status) bool { return st.State == "paused" }))
	_, err = s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "recording", recording))
}

// TestWithdrawalDestroysWhatIsHeld: what was sealed and not sent is gone, the mark too, and the collector hears of it.
func TestWithdrawalDestroysWhatIsHeld(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	_, editor := record(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	check(t, s.KillCollector())
	awayFromEdges()
	area, err := s.Desk.Geometry(editor.ID)
	check(t, err)
	check(t, hand.Click(area.Min.X+200, area.Min.Y+200))
	awayFromEdges()
	held := func() []string {
		names, err := filepath.Glob(filepath.Join(s.Home, "spool", "*.box"))
		check(t, err)
		return names
	}
	check(t, desktop.Until(ctx, "a held box", func() bool {
		_, err := s.Byleave(ctx, "pause")
		return err == nil && len(held()) > 0
	}))
	_, err = s.Byleave(ctx, "consent", "withdraw")
	check(t, err)
	if names := held(); len(names) != 0 {
		t.Fatalf("%d boxes are still held after the withdrawal", len(names))
	}
	check(t, s.Until(ctx, "the word that there is no consent", func(st stage.Status) bool { return st.State == "off" && !st.Mark && st.Spool.Held == 0 }))
	check(t, s.Serve(ctx))
	told := func() bool {
		names, err := filepath.Glob(filepath.Join(s.Home, "stub-*.withdrawn.told"))
		return err == nil && len(names) == 1
	}
	check(t, desktop.Until(ctx, "the collector to hear of it", told))
}

// TestNoToMoreEndsIt: whoever says no to a wider policy is not asked again, and nothing is recorded, whatever is published next; a
// yes of their own brings it back.
func TestNoToMoreEndsIt(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, _ := record(ctx, t, s)
	restart := func() {
		check(t, agent.Stop())
		agent = run(t, s)
	}
	check(t, s.Publish(ctx, func(p map[string]any) { p["retention_days"] = 400 }))
	restart()
	check(t, s.Until(ctx, "the question", func(st stage.Status) bool { return st.State == "consenting" }))
	check(t, s.Refuse(ctx))
	quiet := func(st stage.Status) bool {
		return st.State == "off" && !st.Mark && strings.Contains(st.Note, "you said no")
	}
	check(t, s.Until(ctx, "quiet after the no", quiet))
	for _, days := range []int{500, 30} { // one that asks for still more, one that asks for less than was ever agreed
		known := policyBytes(t, s)
		check(t, s.Publish(ctx, func(p map[string]any) { p["retention_days"] = days }))
		restart()
		check(t, desktop.Until(ctx, "the next policy", func() bool { return policyBytes(t, s) != known }))
		check(t, s.Until(ctx, "quiet under it", quiet))
	}
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "recording after the person's own yes", recording))
}

func policyBytes(t *testing.T, s *stage.Stage) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(s.Home, "policy.signed"))
	check(t, err)
	return string(b)
}

// TestConsentNeedsATerminal: no script can agree for a person.
func TestConsentNeedsATerminal(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	out, err := s.Byleave(ctx, "consent", "give", "--grant", stage.App+"=pointer", "--hours", "all", "--expires", "24h")
	if err == nil || !strings.Contains(err.Error(), "at a terminal") {
		t.Fatalf("agreed without a terminal: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(s.Home, "consent.json")); !os.IsNotExist(err) {
		t.Fatalf("a consent was stored: %v", err)
	}
}
