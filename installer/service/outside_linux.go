package service

import (
	"context"
	"os"
	"os/exec"
)

// Outside makes a command of a program that the agent starts for the person, a browser at its end. In a service it is started by the
// service manager: else it would inherit the filters of the unit, under which no browser runs, and would end with the agent. What it
// prints and its exit code come back as from any other; only of the environment it gets no more than the session.
func Outside(ctx context.Context, program string, args ...string) *exec.Cmd {
	if os.Getenv("RUNTIME_DIRECTORY") == "" {
		return exec.CommandContext(ctx, program, args...)
	}
	run := []string{"--user", "--quiet", "--collect", "--pipe", "--wait"}
	for _, name := range []string{"DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS", "BYLEAVE_HOME", "XDG_DATA_HOME"} {
		if os.Getenv(name) != "" {
			run = append(run, "--setenv="+name)
		}
	}
	return exec.CommandContext(ctx, "systemd-run", append(append(run, "--", program), args...)...)
}
