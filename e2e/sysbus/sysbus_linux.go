package sysbus

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	upower   = "org.freedesktop.UPower"
	manager  = "org.freedesktop.NetworkManager"
	logind   = "org.freedesktop.login1"
	device   = "/org/freedesktop/UPower/devices/DisplayDevice"
	mock     = "org.freedesktop.DBus.Mock"
	setting  = "/org/freedesktop/NetworkManager/ActiveConnection/1"
	startFor = 2 * time.Minute
)

const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/><allow receive_type="signal"/></policy></busconfig>
`

// Bus is a running system bus. Make one with Start and end it with Close.
type Bus struct {
	Address string // for DBUS_SYSTEM_BUS_ADDRESS

	daemon   *exec.Cmd
	services map[string]*exec.Cmd
	conn     *dbus.Conn
}

// Start starts a bus in dir, which must be readable by whoever uses it, without any service.
func Start(dir string) (*Bus, error) {
	socket, conf := filepath.Join(dir, "system_bus"), filepath.Join(dir, "system_bus.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, config, socket), 0o644); err != nil {
		return nil, err
	}
	b := &Bus{Address: "unix:path=" + socket, services: map[string]*exec.Cmd{}}
	b.daemon = exec.Command("dbus-daemon", "--config-file="+conf, "--nofork", "--nopidfile", "--nosyslog", "--print-address=1")
	out, err := b.daemon.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.daemon.Start(); err != nil {
		return nil, fmt.Errorf("sysbus: start dbus-daemon (see installer/deps.sh): %w", err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("sysbus: dbus-daemon did not start: %w", err), b.Close())
	}
	if b.conn, err = dbus.Connect(b.Address); err != nil {
		return nil, errors.Join(fmt.Errorf("sysbus: %w", err), b.Close())
	}
	return b, nil
}

// serve starts one of the mock's services and waits until it owns its name.
func (b *Bus) serve(name, template string) error {
	owned := make(chan *dbus.Signal, 16)
	b.conn.Signal(owned)
	defer b.conn.RemoveSignal(owned)
	match := []dbus.MatchOption{dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name)}
	if err := b.conn.AddMatchSignal(match...); err != nil {
		return err
	}
	defer func() { _ = b.conn.RemoveMatchSignal(match...) }()
	cmd := exec.Command("/usr/bin/python3", "-m", "dbusmock", "--system", "--template", template) // the system's own: Debian put it there
	cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS="+b.Address)
	var words strings.Builder
	cmd.Stderr = &words
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("sysbus: start python3-dbusmock (see installer/deps.sh): %w", err)
	}
	b.services[name] = cmd
	limit := time.After(startFor)
	for {
		select {
		case sig := <-owned:
			if sig.Name == "org.freedesktop.DBus.NameOwnerChanged" && len(sig.Body) == 3 && sig.Body[0] == name {
				return nil
			}
		case <-limit:
			return errors.Join(fmt.Errorf("sysbus: %s did not come: %s", template, words.String()), b.Stop(name))
		}
	}
}

// Stop ends the service of that name, as a crash would.
func (b *Bus) Stop(name string) error {
	cmd := b.services[name]
	if cmd == nil {
		return nil
	}
	delete(b.services, name)
	return errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait()))
}

// StopNetwork ends NetworkManager, as a crash would.
func (b *Bus) StopNetwork() error { return b.Stop(manager) }

func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// Energy lets UPower say whether the computer runs on a battery, and how full that is.
func (b *Bus) Energy(onBattery bool, percent float64) error {
	if b.services[upower] == nil {
		if err := b.serve(upower, "upower"); err != nil {
			return err
		}
	}
	return errors.Join(
		b.update(upower, device, upower+".Device", map[string]dbus.Variant{"Percentage": dbus.MakeVariant(percent)}),
		b.update(upower, "/org/freedesktop/UPower", upower, map[string]dbus.Variant{"OnBattery": dbus.MakeVariant(onBattery)}))
}

// Network lets NetworkManager say whether bytes cost money (NM_METERED_*: 0 unknown, 1 yes, 2 no, 3 and 4 guessed yes and no), and
// the name of the connection.
func (b *Bus) Network(metered uint32, name string) error {
	if b.services[manager] == nil {
		if err := b.manage(); err != nil {
			return err
		}
	}
	return errors.Join(
		b.update(manager, setting, manager+".Connection.Active", map[string]dbus.Variant{"Id": dbus.MakeVariant(name)}),
		b.update(manager, "/org/freedesktop/NetworkManager", manager, map[string]dbus.Variant{
			"Metered": dbus.MakeVariant(metered)}))
}

// manage starts NetworkManager and gives it what the mock's template lacks.
func (b *Bus) manage() error {
	if err := b.serve(manager, "networkmanager"); err != nil {
		return err
	}
	props := map[string]dbus.Variant{"Metered": dbus.MakeVariant(uint32(0)), "PrimaryConnection": dbus.MakeVariant(dbus.ObjectPath(setting))}
	if err := b.call(manager, "/org/freedesktop/NetworkManager", "AddProperties", manager, props); err != nil {
		return err
	}
	return b.call(manager, "/org/freedesktop/NetworkManager", "AddObject", setting, manager+".Connection.Active",
		map[string]dbus.Variant{"Id": dbus.MakeVariant(""), "Type": dbus.MakeVariant("802-11-wireless")}, []struct{ A, B, C, D string }{})
}

// Sleep lets logind say that the computer goes to sleep, or that it woke. It fails if anybody delays the sleep on purpose.
func (b *Bus) Sleep(going bool) error {
	if b.services[logind] == nil {
		if err := b.serve(logind, "logind"); err != nil {
			return err
		}
	}
	return b.call(logind, "/org/freedesktop/login1", "EmitSignal", logind+".Manager", "PrepareForSleep", "b", []dbus.Variant{dbus.MakeVariant(going)})
}

// Inhibited tells whether anybody asked logind to delay or block anything.
func (b *Bus) Inhibited() (bool, error) {
	var calls []struct {
		At   uint64
		Name string
		Args []dbus.Variant
	}
	err := b.conn.Object(logind, "/org/freedesktop/login1").Call(mock+".GetCalls", 0).Store(&calls)
	for _, c := range calls {
		if c.Name == "Inhibit" {
			return true, err
		}
	}
	return false, err
}

func (b *Bus) update(dest, path, iface string, props map[string]dbus.Variant) error {
	return b.call(dest, path, "UpdateProperties", iface, props)
}

func (b *Bus) call(dest, path, method string, args ...any) error {
	if err := b.conn.Object(dest, dbus.ObjectPath(path)).Call(mock+"."+method, 0, args...).Err; err != nil {
		return fmt.Errorf("sysbus: %s of %s: %w", method, dest, err)
	}
	return nil
}

// Close ends the bus and everything on it.
func (b *Bus) Close() error {
	var errs []error
	for name := range b.services {
		errs = append(errs, b.Stop(name))
	}
	if b.conn != nil {
		errs = append(errs, b.conn.Close())
	}
	return errors.Join(append(errs, b.daemon.Process.Kill(), ignoreExit(b.daemon.Wait()))...)
}
