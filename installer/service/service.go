package service

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/kardianos/service"
)

// Name is the name of the unit, of the LaunchAgent and of the Windows service.
const Name = "byleave"

var (
	// ErrRoot refuses root: a service for everybody would record people who did not agree.
	ErrRoot = errors.New("consent is personal, so everyone installs Byleave for themselves: run this as yourself, not as root or with sudo")
	// ErrNoManager means that the service manager of the account cannot be reached.
	ErrNoManager = errors.New("the service manager of your account does not answer; log in as yourself (su and sudo do not start one), or start `byleave run` from your session")
	// ErrNotInstalled means that there is no service to start or to stop.
	ErrNotInstalled = errors.New("Byleave is not installed as a service; run byleave install")
)

// State is what the service manager says of the service.
type State string

// The states of the service.
const (
	NotInstalled State = "not installed"
	Stopped      State = "stopped"
	Running      State = "running"
	Failed       State = "failed" // it ended with an error too often; its log says why
	Unknown      State = "installed, but the service manager of your account does not answer"
)

// Options say what to register. Binary is absolute.
type Options struct {
	Binary string
	Args   []string          // of `run`
	Env    map[string]string // of the agent
}

// program satisfies kardianos/service, which here only registers and never runs: `byleave run` needs no wrapper.
type program struct{}

func (program) Start(service.Service) error { return nil }
func (program) Stop(service.Service) error  { return nil }

// errPath refuses a path that is not plain.
var errPath = errors.New("service managers start no program whose path holds one of \" ' \\ % $ ` or a control character; move the agent to another folder")

// plain tells whether path is absolute and holds no letter that a service manager takes for something else.
func plain(path string) bool {
	special := "\"'%$`"
	if filepath.Separator == '/' {
		special += `\`
	}
	return filepath.IsAbs(path) && !strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || strings.ContainsRune(special, r) })
}
