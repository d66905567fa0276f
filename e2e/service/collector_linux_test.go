package service

import (
	"context"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/byleave/byleave/e2e/desktop"
)

// mostExposure is what a running manager may say at most of the collector that it runs: 0 is nothing, 10 is everything.
const mostExposure = 1.2

// TestCollectorUnit: the unit that is shipped, in a machine with a real service manager, made as its head says: the manager's own figure of
// what it leaves open, and that the collector works inside it: an account of its own, init, serve, an invitation that enrols, reload, check,
// a stop that ends well.
func TestCollectorUnit(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	root := func(args ...string) string {
		t.Helper()
		out, err := machine.Run(ctx, args...)
		check(t, err)
		return out
	}
	unit, err := os.ReadFile("../../installer/byleave-collector.service")
	check(t, err)
	const program, dir = "/usr/bin/byleave-collector", "/var/lib/byleave-collector"
	check(t, machine.copyIn("../../bin/byleave-collector", program, 0))
	check(t, os.WriteFile(machine.Path("/etc/systemd/system/byleave-collector.service"), unit, 0o644))
	for _, line := range headOf(string(unit)) {
		root("sh", "-c", line)
	}
	own := func(args ...string) string {
		t.Helper()
		return root(append([]string{"runuser", "-u", "byleave-collector", "--", program}, append(args, "--dir", dir+"/home")...)...)
	}
	// The machine shares this one's network, so the port is a free one; nothing else of the unit changes.
	check(t, os.MkdirAll(machine.Path("/etc/systemd/system/byleave-collector.service.d"), 0o755))
	check(t, os.WriteFile(machine.Path("/etc/systemd/system/byleave-collector.service.d/port.conf"),
		[]byte("[Service]\nExecStart=\nExecStart="+program+" serve --dir "+dir+"/home --listen 127.0.0.1:0\n"), 0o644))
	root("systemctl", "daemon-reload")
	root("systemctl", "start", "byleave-collector")
	t.Cleanup(func() {
		if t.Failed() {
			out, err := machine.Run(context.Background(), "journalctl", "--no-pager", "-u", "byleave-collector", "-o", "cat")
			t.Logf("its journal (%v):\n%s", err, out)
		}
	})
	journal := func(word string) {
		t.Helper()
		check(t, desktop.Until(ctx, word+" in the journal", func() bool {
			out, err := machine.Run(ctx, "journalctl", "--no-pager", "-u", "byleave-collector", "-o", "cat")
			return err == nil && strings.Contains(out, word)
		}))
	}
	journal(`"msg":"ready"`)
	journal("confined") // or that it is not: what runs the machine may keep landlock from it

	out := root("systemd-analyze", "security", "--no-pager", "byleave-collector.service")
	found := regexp.MustCompile(`Overall exposure level for byleave-collector.service: ([0-9.]+)`).FindStringSubmatch(out)
	if found == nil {
		t.Fatalf("no figure in:\n%s", out)
	}
	exposure, err := strconv.ParseFloat(found[1], 64)
	if err != nil || exposure > mostExposure {
		t.Errorf("the exposure is %s, want at most %v:\n%s", found[1], mostExposure, out)
	}
	t.Logf("exposure of the running collector: %v", exposure)

	_, p, byleave := someone(t)
	check(t, p.write(p.Home()+"/passphrase", "correct horse battery staple\n", 0o600))
	must(ctx, t, p, byleave, "enrol", strings.TrimSpace(own("invite", "--count", "1")), "--passphrase-file", p.Home()+"/passphrase")
	root("systemctl", "reload", "byleave-collector")
	journal(`"msg":"reloaded"`)
	health := root("runuser", "-u", "byleave-collector", "--", "sh", "-c", program+" doctor --dir "+dir+"/home || true")
	for _, want := range []string{"/healthy: ok", "/ready: ok"} {
		if !strings.Contains(health, want) {
			t.Errorf("doctor does not say %q:\n%s", want, health)
		}
	}
	root("systemctl", "stop", "byleave-collector")
	if result := root("systemctl", "show", "-p", "Result", "--value", "byleave-collector"); strings.TrimSpace(result) != "success" {
		t.Errorf("the stop ended as %q", result)
	}
}

// headOf is the commands that stand in the unit's head for whoever installs it.
func headOf(unit string) (lines []string) {
	for line := range strings.Lines(unit) {
		if command, ok := strings.CutPrefix(line, "#   "); ok {
			lines = append(lines, strings.TrimSpace(command))
		}
	}
	return lines
}
