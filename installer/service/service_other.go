//go:build !linux && !darwin && !windows

package service

import (
	"errors"
	"runtime"

	"github.com/kardianos/service"
)

const logHint = ""

// supported is a no with a reason: the agent has no door there yet (its control socket).
func supported() error {
	return errors.New("Byleave cannot run as a service on " + runtime.GOOS + " yet; nothing was changed")
}

func config(o Options) *service.Config { return &service.Config{Name: Name, Executable: o.Binary} }

func register(o Options) (service.Service, error) { return service.New(program{}, config(o)) }

func writeHook(Options) error { return supported() }

func files() []string { return []string{""} }

func folders() []string { return nil }

func reachable() error { return supported() }

func reload() error { return nil }

func forgive() {}

func findRuntime() {}

// InstalledArgs are none: nothing can be installed here.
func InstalledArgs() []string { return nil }
