//go:build !windows

package service

import (
	"errors"
	"fmt"
	"os"

	"github.com/kardianos/service"
)

// User is the service of the person who runs this program.
type User struct {
	opt Options
	svc service.Service
}

// New prepares the service. It refuses root.
func New(o Options) (User, error) {
	if os.Getuid() == 0 {
		return User{}, ErrRoot
	}
	findRuntime()
	if !plain(o.Binary) {
		return User{}, errPath
	}
	svc, err := register(o)
	if err != nil {
		return User{}, fmt.Errorf("%w: %w", ErrNoManager, err)
	}
	return User{o, svc}, nil
}

// Install registers the service and starts it, or starts it anew if it was there. It returns once the agent answers. If that fails,
// what was there before is there again, and nothing else. It refuses systems that start no programs for one person, and a program that others can replace.
func (u User) Install() error {
	if err := supported(); err != nil {
		return err
	}
	if err := reachable(); err != nil {
		return err
	}
	if err := foreign(u.opt.Binary); err != nil {
		return err
	}
	before, err := remember(files()...)
	if err != nil {
		return err
	}
	if err := u.install(); err != nil {
		return errors.Join(err, u.undo(before))
	}
	return nil
}

// undo brings back what was there before a failed installation, running if it was there at all.
func (u User) undo(before memory) error {
	err := errors.Join(u.halt(), before.restore(), reload())
	if err == nil && before[0].there {
		return u.Start()
	}
	forgive()
	return err
}

func (u User) install() error {
	if err := u.halt(); err != nil {
		return err
	}
	if err := removeAll(files()...); err != nil {
		return err
	}
	if err := u.svc.Install(); err != nil {
		return fmt.Errorf("register the service: %w", err)
	}
	if err := writeHook(u.opt); err != nil {
		return err
	}
	return u.Start()
}

// Start starts the service and returns once the agent answers.
func (u User) Start() error {
	if !installed() {
		return ErrNotInstalled
	}
	forgive()
	if err := u.svc.Start(); err != nil {
		return fmt.Errorf("the service does not start; its log says why: %s: %w", logHint, err)
	}
	return nil
}

// Stop ends the service until the next login.
func (u User) Stop() error {
	if !installed() {
		return ErrNotInstalled
	}
	if err := reachable(); err != nil {
		return err
	}
	return u.halt()
}

// halt stops the agent if it runs.
func (u User) halt() error {
	if status, err := u.svc.Status(); err != nil || status != service.StatusRunning {
		return nil // not there, or it failed by itself
	}
	if err := u.svc.Stop(); err != nil {
		return fmt.Errorf("stop the service: %w", err)
	}
	return nil
}

// Uninstall stops the service and removes every trace of it; a service that was never installed is no error. Without a service
// manager the files are removed all the same, and ErrNoManager tells the caller to end the agent by other means.
func (u User) Uninstall() error {
	if !anyThere() {
		return nil
	}
	unreachable := reachable()
	if unreachable == nil {
		if err := u.halt(); err != nil {
			return err
		}
		forgive() // a service that failed would be remembered
		u.disable()
	}
	if err := removeAll(files()...); err != nil {
		return err
	}
	removeEmpty(folders()...)
	if unreachable == nil {
		return reload()
	}
	return unreachable
}

// disable lets the service manager undo what it did itself. What it leaves is removed by hand.
func (u User) disable() {
	if err := u.svc.Uninstall(); err != nil {
		return
	}
}

// State asks the service manager; where nothing is installed nobody is asked.
func (u User) State() State {
	if !installed() {
		return NotInstalled
	}
	if reachable() != nil {
		return Unknown
	}
	switch status, err := u.svc.Status(); {
	case err == nil && status == service.StatusRunning:
		return Running
	case err == nil && status == service.StatusStopped:
		return Stopped
	default:
		return Failed
	}
}
