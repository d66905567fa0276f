package service

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/byleave/byleave/e2e/desktop"
)

// click clicks a line of the tray's menu, as a panel does over the session bus.
func click(ctx context.Context, t *testing.T, p *Person, label string) {
	t.Helper()
	item := fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", pid(ctx, t, p))
	menu := func(method string, args ...string) (string, error) {
		return p.Run(ctx, append([]string{"gdbus", "call", "--session", "--dest", item, "--object-path", "/StatusNotifierItem/menu",
			"--method", "com.canonical.dbusmenu." + method}, args...)...)
	}
	line := regexp.MustCompile(`<\((\d+), \{[^}]*'label': <'` + label)
	var id []string
	check(t, desktop.Until(ctx, "the line "+label, func() bool {
		out, err := menu("GetLayout", "--", "0", "-1", "[]")
		id = line.FindStringSubmatch(out)
		return err == nil && id != nil
	}))
	_, err := menu("Event", id[1], "clicked", "<''>", "0")
	check(t, err)
}

// named are the programs of the person that have a name.
func named(t *testing.T, p *Person, name string) (pids []int) {
	t.Helper()
	programs, err := p.Programs()
	check(t, err)
	for pid, n := range programs {
		if n == name {
			pids = append(pids, pid)
		}
	}
	return pids
}

// TestReviewEndsWithTheAgent: a review that the tray of the service opened ends when the agent is stopped, removed, or closed from its
// tray. The browser that it opened is the person's and goes on. It opens without a consent, too, on a desktop that was handed over.
func TestReviewEndsWithTheAgent(t *testing.T) {
	ctx, p, byleave := someone(t)
	_, err := machine.Run(ctx, "cp", "/bin/sleep", "/usr/local/bin/browser") // stands for one
	check(t, err)
	opener := machine.Path("/usr/local/bin/xdg-open")
	check(t, os.WriteFile(opener, []byte("#!/bin/sh\nexec browser 600\n"), 0o755))
	t.Cleanup(func() { check(t, os.Remove(opener)) })
	before, err := p.Trace(ctx)
	check(t, err)
	must(ctx, t, p, byleave, "install")

	click(ctx, t, p, "Review what was recorded") // nobody could see it
	if n := named(t, p, "byleave"); len(n) != 1 {
		t.Errorf("a review runs that has no desktop: %v", n)
	}
	for _, end := range []struct {
		how  string
		stop func()
	}{
		{"quit", func() { click(ctx, t, p, "Quit") }},
		{"stop", func() { must(ctx, t, p, byleave, "stop") }},
		{"uninstall", func() { must(ctx, t, p, byleave, "uninstall") }},
	} {
		must(ctx, t, p, byleave, "start")
		must(ctx, t, p, "env", "DISPLAY=:77", "XDG_SESSION_TYPE=x11", byleave, "session")
		click(ctx, t, p, "Review what was recorded")
		check(t, desktop.Until(ctx, "the review and its browser", func() bool { return len(named(t, p, "byleave")) == 2 && len(named(t, p, "browser")) == 1 }))
		end.stop()
		if end.how == "quit" { // nobody waits for it
			check(t, desktop.Until(ctx, "the end of the agent", func() bool { return pid(ctx, t, p) == 0 && len(named(t, p, "byleave")) == 0 }))
		}
		if n := named(t, p, "byleave"); len(n) != 0 {
			t.Errorf("after %s there run %v", end.how, n)
		}
		browsers := named(t, p, "browser")
		if len(browsers) != 1 {
			t.Errorf("after %s the person has the browsers %v", end.how, browsers)
		}
		for _, n := range browsers {
			_, err := machine.Run(ctx, "kill", strconv.Itoa(n))
			check(t, err)
		}
		check(t, desktop.Until(ctx, "the browser to close", func() bool { return len(named(t, p, "browser")) == 0 }))
	}
	after, err := p.Trace(ctx)
	check(t, err)
	same(t, before, after, nil)
}
