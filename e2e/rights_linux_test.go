package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
	"github.com/byleave/byleave/e2e/stage"
)

// TestWithdrawalEndsEveryConsent: a newer consent replaces the earlier one, and what was recorded stays under the one that it was
// recorded under; a withdrawal ends both, destroys what is held of both, and the collector gives nothing of either away any more.
func TestWithdrawalEndsEveryConsent(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, _ := record(ctx, t, s)
	types := typist(ctx, t, s)
	hand, err := s.Desk.Hand()
	check(t, err)
	defer hand.Close()
	resume := func() {
		_, err := s.Byleave(ctx, "resume")
		check(t, err)
		check(t, s.Until(ctx, "recording", recording))
	}
	held := func(n int) { // seals what is open, with the collector away
		_, err := s.Byleave(ctx, "pause")
		check(t, err)
		check(t, s.Until(ctx, "held boxes", func(st stage.Status) bool { return st.State == "paused" && st.Spool.Held >= n }))
	}
	typed(ctx, t, s, hand, "apricot banana ")
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "recording under the second", recording))
	typed(ctx, t, s, hand, "cherry damson ")
	pauseSealsAll(t, s)
	boxes, err := s.Boxes()
	check(t, err)
	under := map[string]string{} // consent: text
	for _, b := range boxes {
		under[fmt.Sprintf("%x", b.Header.Consent)] += b.Text()
	}
	if len(under) != 2 {
		t.Fatalf("%d consents cover what was recorded, want 2: %v", len(under), under)
	}
	for _, text := range under {
		if strings.Contains(text, "apricot") == strings.Contains(text, "cherry") {
			t.Errorf("under one consent stands %q", text)
		}
	}
	if _, steps := export(t, s); len(steps) == 0 {
		t.Fatal("the control: nothing can be exported before the withdrawal")
	}

	check(t, s.KillCollector())
	resume()
	types("elder figs")
	held(1)
	resume()
	check(t, s.Give(ctx, "all"))
	check(t, s.Until(ctx, "recording under the third", recording))
	types("grape quince")
	held(2)
	out, err := s.Byleave(ctx, "consent", "withdraw")
	check(t, err)
	if !strings.Contains(out, "all 3 consents") {
		t.Errorf("said: %q", out)
	}
	check(t, s.Until(ctx, "the end", func(st stage.Status) bool { return st.State == "off" && !st.Mark && st.Spool.Held == 0 }))
	check(t, agent.Kill())
	check(t, s.Serve(ctx))
	run(t, s)
	check(t, desktop.Until(ctx, "the collector to hear of it", func() bool { return count(t, s, "stub-*.withdrawn.told") == 3 }))
	if n := count(t, s, "receipts/*-withdrawn-*.json"); n != 3 {
		t.Errorf("%d receipts say that a consent ended, want 3", n)
	}
	if n := count(t, s, "consent-*.json"); n != 3 {
		t.Errorf("%d consents are kept for the person, want 3", n)
	}
	if _, steps := export(t, s); len(steps) != 0 {
		t.Errorf("an export after the withdrawal holds %d steps", len(steps))
	}
}

// TestStatusSaysWhyInWords: outside the agreed hours, and after the end of the consent.
func TestStatusSaysWhyInWords(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	hours := "01:00-02:00"
	if time.Now().UTC().Hour() < 12 {
		hours = "22:00-23:00"
	}
	check(t, s.Give(ctx, hours))
	run(t, s)
	check(t, s.Until(ctx, "the hours", func(st stage.Status) bool { return st.State == "excluded" && st.Words == "outside agreed hours" }))
	give := func(length string) {
		_, err := s.AtTerminal(ctx, "yes\n", "consent", "give", "--grant", stage.App+"=pointer", "--hours", "all", "--expires", length)
		check(t, err)
	}
	give("2s")
	expired := func(st stage.Status) bool { return st.State == "expired" && st.Words == "consent has ended" }
	check(t, s.Until(ctx, "the end of the consent", expired))
	out, err := s.Byleave(ctx, "status")
	check(t, err)
	if !strings.Contains(out, "ended on") {
		t.Errorf("said of a consent that has ended: %q", out)
	}
	_, err = s.Byleave(ctx, "pause")
	check(t, err)
	check(t, s.Until(ctx, "the end, paused or not", expired))
	_, err = s.Byleave(ctx, "resume")
	check(t, err)
	check(t, s.Until(ctx, "the end, resumed or not", expired))
	give("24h")
	check(t, s.Until(ctx, "a new consent to lead out", func(st stage.Status) bool { return st.State == "blind" || st.State == "excluded" }))
}

// TestNobodyAsksAgain: after a no nothing asks again, by no window, no notification and no open question, also not after a restart and a
// policy that the collector sends anew.
func TestNobodyAsksAgain(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	bus, err := s.Desk.Start("bus", "/usr/bin/dbus-monitor", "--session", "interface='org.freedesktop.Notifications'")
	check(t, err)
	agent := run(t, s)
	off := func(st stage.Status) bool { return st.State == "off" && st.Note == "" }
	check(t, s.Until(ctx, "the agent to answer", off))
	shown, err := s.AtTerminal(ctx, "no\n", "consent", "give", "--grant", stage.App+"=pointer", "--hours", "all", "--expires", "24h")
	if err != nil || !strings.Contains(shown, "nobody is told, and you are not asked again") || strings.Count(shown, "Type yes") != 1 {
		t.Errorf("after a no: %v\n%s", err, shown)
	}
	quiet := func(when string) {
		t.Helper()
		check(t, s.Until(ctx, "the same as before", off))
		if has, err := s.Desk.HasClient(agent.Pid); err != nil || has {
			t.Errorf("%s: connected to the display after a no: %v, %v", when, has, err)
		}
		if n := count(t, s, "consent*") + count(t, s, "stub*"); n != 0 {
			t.Errorf("%s: %d files tell of the no", when, n)
		}
		if log := read(t, bus.Log); strings.Contains(log, "member=Notify") {
			t.Errorf("%s: a notification: %s", when, log)
		}
	}
	quiet("at once")
	check(t, s.Publish(ctx, func(p map[string]any) { p["retention_days"] = 400 }))
	check(t, agent.Stop())
	agent = run(t, s)
	check(t, s.Until(ctx, "the new policy", func(stage.Status) bool {
		out, err := s.Byleave(ctx, "consent", "show")
		return err == nil && strings.Contains(out, "400 days")
	}))
	quiet("after a wider policy")
	// The control: a notification of this session would have been seen.
	check(t, s.Desk.Command(ctx, "dbus-send", "--session", "--type=method_call", "--dest=org.freedesktop.Notifications", "/org/freedesktop/Notifications",
		"org.freedesktop.Notifications.Notify").Run())
	check(t, desktop.Until(ctx, "the control to be seen", func() bool { return strings.Contains(read(t, bus.Log), "member=Notify") }))
}

// TestPauseWithoutLengthStays: the shortest form of a pause is the one that nothing but the person ends, also over a restart.
func TestPauseWithoutLengthStays(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	agent, _ := record(ctx, t, s)
	out, err := s.Byleave(ctx, "pause")
	check(t, err)
	if !strings.Contains(out, "until you resume") {
		t.Errorf("said: %q", out)
	}
	stays := func() {
		t.Helper()
		check(t, s.Until(ctx, "the pause", func(st stage.Status) bool { return st.State == "paused" }))
		out, err := s.Byleave(ctx, "status", "--json")
		check(t, err)
		if strings.Contains(out, "paused_until") {
			t.Errorf("a pause without a length has an end: %s", out)
		}
	}
	stays()
	check(t, agent.Stop())
	run(t, s)
	stays()
	check(t, s.Give(ctx, "all")) // nor does a new consent end it
	stays()
}

// TestWithdrawingIsNoHarderThanGiving counts, at a real terminal, what a person must type and answer for either.
func TestWithdrawingIsNoHarderThanGiving(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	type effort struct{ words, keys, answers int }
	try := func(answers string, args ...string) (effort, error) {
		_, err := s.AtTerminal(ctx, answers, args...)
		return effort{words: len(args), keys: len(answers), answers: strings.Count(answers, "\n")}, err
	}
	yes := []string{"consent", "give", "--grant", stage.App + "=pointer", "--hours", "all", "--expires", "24h"}
	if _, err := try("\n", yes...); err == nil {
		t.Fatal("the control: an answer was counted that giving does not need")
	}
	give, err := try("yes\n", yes...)
	check(t, err)
	run(t, s)
	check(t, s.Until(ctx, "the consent", func(st stage.Status) bool { return st.State != "off" }))
	end, err := try("", "consent", "withdraw")
	check(t, err)
	if end.words > give.words || end.keys != 0 || end.answers != 0 {
		t.Errorf("giving costs %+v, withdrawing %+v", give, end)
	}
	check(t, s.Until(ctx, "the end", func(st stage.Status) bool { return st.State == "off" }))
	t.Logf("giving %+v, withdrawing %+v", give, end)
}

// TestAnotherUserIsKeptOut: whoever else has an account on the computer lists and reads nothing of the person's agent, its spool included,
// and is refused at its socket, also where the folders above stand open.
func TestAnotherUserIsKeptOut(t *testing.T) {
	ctx, s := open(t, desktop.Options{}, stage.Options{})
	record(ctx, t, s)
	typist(ctx, t, s)("apricot banana")
	pauseSealsAll(t, s)
	for _, dir := range []string{s.Desk.Dir(), filepath.Dir(s.Binary())} {
		check(t, os.Chmod(dir, 0o755))
	}
	other := func(args ...string) error {
		return asRoot(append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "BYLEAVE_HOME=" + s.Home}, args...)...)
	}
	files := 0
	check(t, filepath.WalkDir(s.Home, func(name string, e os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // the agent works
		}
		files++
		read := "cat"
		if err == nil && e.IsDir() {
			read = "ls"
		}
		if err == nil && other(read, name) == nil {
			t.Errorf("another user reads %s", name)
		}
		return err
	}))
	if err := other(s.Binary(), "--help"); err != nil || files < 10 {
		t.Fatalf("the control: the program runs for everybody: %v; %d files were tried", err, files)
	}
	for _, verb := range []string{"status", "pause", "resume"} {
		if err := other(s.Binary(), verb); err == nil {
			t.Errorf("another user's %s was answered", verb)
		}
	}
}
