package service

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"path"
	"strings"
)

// Outside makes a command of a program that the agent starts for the person, a browser at its end. In a service it is started by the
// service manager as a unit of its own: else it would inherit the filters of the agent's unit, under which no browser runs. That unit is
// bound to the agent's: it ends when the agent is stopped or removed, and the browser that it opened stays the person's. What it prints
// and its exit code come back as from any other; only of the environment it gets no more than the session.
func Outside(ctx context.Context, program string, args ...string) *exec.Cmd {
	if os.Getenv("RUNTIME_DIRECTORY") == "" {
		return exec.CommandContext(ctx, program, args...)
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		groups = nil // it is the unit that Install makes
	}
	self := ownUnit(string(groups))
	run := []string{"--user", "--quiet", "--collect", "--pipe", "--wait", "--unit=" + Name + "-outside-" + strings.ToLower(rand.Text()[:8]),
		"--property=BindsTo=" + self, "--property=After=" + self, "--property=KillMode=process"}
	for _, name := range []string{"DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "BYLEAVE_HOME", "XDG_DATA_HOME"} {
		if os.Getenv(name) != "" {
			run = append(run, "--setenv="+name)
		}
	}
	return exec.CommandContext(ctx, "systemd-run", append(append(run, "--", program), args...)...)
}

// ownUnit is the unit in which this process runs, as its control groups tell.
func ownUnit(groups string) string {
	for line := range strings.Lines(groups) {
		if unit := path.Base(strings.TrimSpace(line)); strings.HasSuffix(unit, ".service") {
			return unit
		}
	}
	return Name + ".service"
}
