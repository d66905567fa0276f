package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Session is one desktop session. The zero Session has no display, so nothing can be recorded in it.
type Session struct {
	Display   string `json:"display"`   // X display of this machine, for example ":0"
	Authority string `json:"authority"` // file with the key of the display; empty: the one in the home folder
	Bus       string `json:"bus"`       // address of the session bus; empty: the one of the person's runtime folder
	Kind      string `json:"kind"`      // "x11", or "wayland", in which nobody can be recorded with consent
}

// The variables of a process's environment that tell its session, in the order of Session's fields.
const (
	displayVar   = "DISPLAY"
	authorityVar = "XAUTHORITY"
	busVar       = "DBUS_SESSION_BUS_ADDRESS"
	kindVar      = "XDG_SESSION_TYPE"
)

// From reads a session from an environment. A Wayland session counts as one even where it also offers an X display.
func From(get func(string) string) Session {
	s := Session{Display: get(displayVar), Authority: get(authorityVar), Bus: get(busVar), Kind: get(kindVar)}
	if get("WAYLAND_DISPLAY") != "" {
		s.Kind = "wayland"
	}
	return s
}

// Wayland tells whether this is a Wayland session.
func (s Session) Wayland() bool { return s.Kind == "wayland" }

// localDisplay is a display of this machine. One on another machine is nobody's desktop here.
var localDisplay = regexp.MustCompile(`^:[0-9]{1,5}(\.[0-9]{1,3})?$`)

// Check refuses a session whose display is not on this machine, and values that could mean something else to those who read them.
func (s Session) Check() error {
	if s.Display != "" && !localDisplay.MatchString(s.Display) {
		return errors.New("the display must be one of this computer, written like :0; log in at it, not from another one")
	}
	for name, value := range s.vars() {
		if len(value) > 4096 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f || r == '"' || r == '\\' }) {
			return fmt.Errorf("%s holds characters that do not belong there; log in again", name)
		}
	}
	if s.Authority != "" && !filepath.IsAbs(s.Authority) {
		return fmt.Errorf("%s must be an absolute path", authorityVar)
	}
	return nil
}

func (s Session) vars() map[string]string {
	return map[string]string{displayVar: s.Display, authorityVar: s.Authority, busVar: s.Bus, kindVar: s.Kind}
}

// Enter makes s the session of this process: the libraries that connect to the display and to the bus read the environment.
// An empty bus or kind changes nothing.
func (s Session) Enter() error {
	for name, value := range s.vars() {
		if value == "" && (name == busVar || name == kindVar) {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("enter the session: %w", err)
		}
	}
	return nil
}

// Keep writes s for the next start of the service, into the runtime folder that the service manager made for it and removes with
// it. Without such a folder nothing is written.
func (s Session) Keep() error {
	dir := os.Getenv("RUNTIME_DIRECTORY")
	if dir == "" {
		return nil
	}
	var lines strings.Builder
	for name, value := range s.vars() {
		if value != "" {
			fmt.Fprintf(&lines, "%s=\"%s\"\n", name, value)
		}
	}
	name := filepath.Join(dir, "session.env")
	if err := os.WriteFile(name+".new", []byte(lines.String()), 0o600); err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return os.Rename(name+".new", name)
}

// askLimit bounds the question to the service manager: it is answered at once or not at all.
const askLimit = 2 * time.Second

// OfManager asks the person's service manager, which most desktops tell of their session. It gives no signal when that changes.
func OfManager(ctx context.Context) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	address := os.Getenv(busVar)
	if address == "" { // the library would start a bus of its own
		return Session{}, errors.New("no session bus")
	}
	bus, err := dbus.Connect(address, dbus.WithContext(ctx))
	if err != nil {
		return Session{}, fmt.Errorf("no session bus: %w", err)
	}
	defer bus.Close()
	var env []string
	manager := bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
	if err := manager.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, "org.freedesktop.systemd1.Manager", "Environment").Store(&env); err != nil {
		return Session{}, fmt.Errorf("ask the service manager: %w", err)
	}
	s := From(func(name string) string {
		for _, e := range env {
			if value, ok := strings.CutPrefix(e, name+"="); ok {
				return value
			}
		}
		return ""
	})
	return s, s.Check()
}
