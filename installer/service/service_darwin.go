package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/kardianos/service"
)

const logHint = "launchctl print gui/$UID/" + Name

func supported() error { return nil }

func config(o Options) *service.Config {
	return &service.Config{Name: Name, Executable: o.Binary, Option: service.KeyValue{"UserService": true, "LaunchdConfig": plistText(o)}}
}

// register lets the library write and remove the LaunchAgent, and starts and ends it ourselves.
func register(o Options) (service.Service, error) {
	s, err := service.New(program{}, config(o))
	return launchd{s}, err
}

type launchd struct{ service.Service }

// Start loads the LaunchAgent, which starts it. One that runs is left alone.
func (launchd) Start() error {
	if _, err := launchctl(describe(os.Getuid())); err == nil {
		return nil
	}
	_, err := launchctl(bootstrap(os.Getuid(), files()[0]))
	return err
}

// Stop ends the LaunchAgent and unloads it, so that its file can be removed. launchctl may return before that is done.
func (launchd) Stop() error {
	_, err := launchctl(bootout(os.Getuid()))
	for limit := time.Now().Add(answerLimit); time.Now().Before(limit); time.Sleep(50 * time.Millisecond) {
		if _, gone := launchctl(describe(os.Getuid())); gone != nil {
			return nil
		}
	}
	return errors.Join(err, errors.New("launchd does not let go of the agent; log out"))
}

// Status asks launchd.
func (launchd) Status() (service.Status, error) {
	text, err := launchctl(describe(os.Getuid()))
	if err != nil {
		return service.StatusStopped, nil // it is not loaded
	}
	switch runs, failed := described(text); {
	case runs:
		return service.StatusRunning, nil
	case failed:
		return service.StatusUnknown, nil
	}
	return service.StatusStopped, nil
}

// A session needs no hook here: a LaunchAgent lives inside it.
func writeHook(Options) error { return nil }

func files() []string {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/nonexistent"
	}
	return []string{filepath.Join(home, "Library", "LaunchAgents", Name+".plist")}
}

func folders() []string { return nil }

// reachable says whether there is a session at the screen of this person, in which alone a LaunchAgent runs.
func reachable() error {
	if _, err := launchctl([]string{"print", session(os.Getuid())}); err != nil {
		return ErrNoManager
	}
	return nil
}

func reload() error { return nil }

// forgive unloads a LaunchAgent that does not run, so that it can be started again, or be forgotten.
func forgive() {
	text, err := launchctl(describe(os.Getuid()))
	if err != nil {
		return
	}
	if runs, _ := described(text); !runs {
		_, _ = launchctl(bootout(os.Getuid())) // what is done next fails if this did
	}
}

func findRuntime() {}

// InstalledArgs are the arguments of `run` in the installed service; none if there is none.
func InstalledArgs() []string {
	b, err := os.ReadFile(files()[0])
	if err != nil {
		return nil
	}
	return plistArgs(string(b))
}

// answerLimit is how long launchd may take; the agent seals what it holds meanwhile.
const answerLimit = 30 * time.Second

func launchctl(args []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, "/bin/launchctl", args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("launchctl %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return string(out), nil
}
