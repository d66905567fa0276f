package service

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kardianos/service"
)

// Name is the name of the unit, the LaunchAgent and the Windows service.
const Name = "byleave"

// unit is our own systemd user unit: the one that kardianos/service writes is wanted by multi-user.target, which no user
// manager has, so it would be enabled and never start. LimitCORE: no dump may hold what was typed.
const unit = `[Unit]
Description={{Description}}
ConditionFileIsExecutable={{Path | cmdEscape}}

[Service]
ExecStart={{Path | cmdEscape}}{{range Arguments}} {{. | cmd}}{{end}}
Restart=on-failure
RestartSec=5
LimitCORE=0
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
`

// User is the service of the person who runs this program.
type User struct {
	svc service.Service
}

// program satisfies kardianos/service, which here only registers and never runs: `byleave run` needs no wrapper.
type program struct{}

func (program) Start(service.Service) error { return nil }
func (program) Stop(service.Service) error  { return nil }

// New prepares the service for the binary at the given absolute path.
func New(binary string) (User, error) {
	if !filepath.IsAbs(binary) {
		return User{}, fmt.Errorf("service: the path of the agent must be absolute")
	}
	svc, err := service.New(program{}, &service.Config{
		Name:        Name,
		DisplayName: "Byleave",
		Description: "Byleave records only what you agreed to (see: byleave status)",
		Executable:  binary,
		Arguments:   []string{"run"},
		Option: service.KeyValue{
			"UserService":   true,
			"SystemdScript": unit,
			"RunAtLoad":     true,
			"KeepAlive":     true,
		},
	})
	if err != nil {
		return User{}, fmt.Errorf("service: no service manager was found; start `byleave run` from your session instead: %w", err)
	}
	return User{svc}, nil
}

// Install registers the service and starts it. If that fails, nothing is left behind.
func (u User) Install() error {
	if err := u.svc.Install(); err != nil {
		return errors.Join(fmt.Errorf("service: %s cannot start programs for one person; start `byleave run` from your session instead: %w", u.svc.Platform(), err), u.leaveNothing())
	}
	if err := u.svc.Start(); err != nil {
		return fmt.Errorf("service: registered, but it does not start; see `journalctl --user -u %s`: %w", Name, err)
	}
	return nil
}

// Uninstall stops the service and removes it; a service that was never installed is no error.
func (u User) Uninstall() error {
	status, err := u.svc.Status()
	if errors.Is(err, service.ErrNotInstalled) {
		return u.leaveNothing()
	}
	if status == service.StatusRunning {
		if err := u.svc.Stop(); err != nil {
			return fmt.Errorf("service: stop: %w", err)
		}
	}
	if err := u.svc.Uninstall(); err != nil {
		return fmt.Errorf("service: remove: %w", err)
	}
	return nil
}

// Status is one word: running, stopped, or "not installed".
func (u User) Status() (string, error) {
	status, err := u.svc.Status()
	switch {
	case errors.Is(err, service.ErrNotInstalled):
		return "not installed", nil
	case err != nil:
		return "", fmt.Errorf("service: ask %s: %w", u.svc.Platform(), err)
	case status == service.StatusRunning:
		return "running", nil
	default:
		return "stopped", nil
	}
}

// leaveNothing removes the unit file that a failed installation leaves, else the next one says "already exists".
func (u User) leaveNothing() error {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	err = os.Remove(filepath.Join(home, ".config", "systemd", "user", Name+".service"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
