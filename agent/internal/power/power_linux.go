package power

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	upower     = "org.freedesktop.UPower"
	upowerPath = dbus.ObjectPath("/org/freedesktop/UPower")
	battery    = "org.freedesktop.UPower.Device"
	manager    = "org.freedesktop.NetworkManager"
	managerAt  = dbus.ObjectPath("/org/freedesktop/NetworkManager")
	active     = "org.freedesktop.NetworkManager.Connection.Active"
	logind     = "org.freedesktop.login1"
	properties = "org.freedesktop.DBus.Properties"

	batteryPath = upowerPath + "/devices/DisplayDevice" // all batteries as one
)

// busWait is how long a service may take to answer.
const busWait = 5 * time.Second

// After a bus that went, the next one is looked for: soon at first, then seldom. A computer that never had one is left alone.
const (
	lookAgain     = time.Minute
	lookAgainMost = time.Hour
)

// errNoBus means that there is no system bus here.
var errNoBus = errors.New("no system bus")

// Run calls o on every change until ctx ends, and then returns nil. What a service said last counts until it says something else, also
// while it or the bus is gone: a network that cost money a moment ago does not become free because a service restarts.
func Run(ctx context.Context, o Options) error {
	w := &watch{o: o}
	for pause := lookAgain; ctx.Err() == nil; pause = min(2*pause, lookAgainMost) {
		if err := w.follow(ctx); errors.Is(err, errNoBus) && !w.told {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	<-ctx.Done()
	return nil
}

// watch is one reader of the bus.
type watch struct {
	o    Options
	conn *dbus.Conn
	told bool  // something was said
	here State // what the bus said
}

// follow connects, reads and listens until the bus goes or ctx ends.
func (w *watch) follow(ctx context.Context) error {
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoBus, err)
	}
	defer conn.Close()
	w.conn = conn
	signals := make(chan *dbus.Signal, 64)
	conn.Signal(signals)
	if err := w.listen(); err != nil {
		return err
	}
	w.readEnergy(ctx)
	w.readNetwork(ctx)
	w.tellHere()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case sig, ok := <-signals:
			if !ok {
				return errors.New("the system bus went away")
			}
			w.hear(ctx, sig)
		}
	}
}

// listen asks for exactly the signals that hear understands.
func (w *watch) listen() error {
	changed := dbus.WithMatchInterface(properties)
	member := dbus.WithMatchMember("PropertiesChanged")
	for _, match := range [][]dbus.MatchOption{
		{dbus.WithMatchSender(upower), dbus.WithMatchObjectPath(upowerPath), changed, member},
		{dbus.WithMatchSender(upower), dbus.WithMatchObjectPath(batteryPath), changed, member},
		{dbus.WithMatchSender(manager), dbus.WithMatchObjectPath(managerAt), changed, member},
		{dbus.WithMatchSender(logind), dbus.WithMatchInterface(logind + ".Manager"), dbus.WithMatchMember("PrepareForSleep")},
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, upower)},
		{dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, manager)},
	} {
		if err := w.conn.AddMatchSignal(match...); err != nil {
			return fmt.Errorf("listen to the system bus: %w", err)
		}
	}
	return nil
}

// hear acts on a signal. What it says is not believed but asked for: anybody can send a signal, the owner of a name is one.
func (w *watch) hear(ctx context.Context, sig *dbus.Signal) {
	switch {
	case sig.Name == logind+".Manager.PrepareForSleep":
		if going, ok := first[bool](sig); ok && !going {
			w.o.Woke()
		}
		return
	case sig.Name == "org.freedesktop.DBus.NameOwnerChanged":
		w.readEnergy(ctx)
		w.readNetwork(ctx)
	case sig.Path == managerAt && mentions(sig, "Metered", "PrimaryConnection"):
		w.readNetwork(ctx)
	case (sig.Path == upowerPath || sig.Path == batteryPath) && mentions(sig, "OnBattery", "Percentage"):
		w.readEnergy(ctx)
	default:
		return
	}
	w.tellHere()
}

// tellHere says what the bus said.
func (w *watch) tellHere() {
	w.told = true
	w.o.Changed(w.here)
}

func first[T any](sig *dbus.Signal) (v T, ok bool) {
	if len(sig.Body) == 0 {
		return v, false
	}
	v, ok = sig.Body[0].(T)
	return v, ok
}

// mentions tells whether one of the names changed.
func mentions(sig *dbus.Signal, names ...string) bool {
	if len(sig.Body) != 3 {
		return false
	}
	changed, _ := sig.Body[1].(map[string]dbus.Variant)
	gone, _ := sig.Body[2].([]string)
	return slices.ContainsFunc(names, func(n string) bool {
		_, ok := changed[n]
		return ok || slices.Contains(gone, n)
	})
}

// readEnergy asks UPower. Where it does not answer, what it said last counts; on a battery whose charge nobody knows, it is empty.
func (w *watch) readEnergy(ctx context.Context) {
	on, err := get[bool](ctx, w.conn, upower, upowerPath, upower, "OnBattery")
	if err != nil {
		return
	}
	w.here.Battery, w.here.Charge = on, 0
	if percent, err := get[float64](ctx, w.conn, upower, batteryPath, battery, "Percentage"); err == nil {
		w.here.Charge = int(min(max(percent, 0), 100))
	}
}

// NetworkManager's words for whether bytes cost money.
const (
	meteredYes      = 1
	meteredGuessYes = 3
)

// readNetwork asks NetworkManager. Where it does not answer, what it said last counts; a name that it cannot give is no name.
func (w *watch) readNetwork(ctx context.Context) {
	metered, err := get[uint32](ctx, w.conn, manager, managerAt, manager, "Metered")
	if err != nil {
		return
	}
	w.here.Metered, w.here.Network = metered == meteredYes || metered == meteredGuessYes, ""
	path, err := get[dbus.ObjectPath](ctx, w.conn, manager, managerAt, manager, "PrimaryConnection")
	if err != nil || path == "/" {
		return
	}
	if name, err := get[string](ctx, w.conn, manager, path, active, "Id"); err == nil {
		w.here.Network = name
	}
}

// get asks for one property. It starts no service that does not run.
func get[T any](ctx context.Context, conn *dbus.Conn, dest string, path dbus.ObjectPath, iface, name string) (v T, err error) {
	ctx, cancel := context.WithTimeout(ctx, busWait)
	defer cancel()
	var got dbus.Variant
	call := conn.Object(dest, path).CallWithContext(ctx, properties+".Get", dbus.FlagNoAutoStart, iface, name)
	if err := call.Store(&got); err != nil {
		return v, err
	}
	v, ok := got.Value().(T)
	if !ok {
		return v, fmt.Errorf("%s of %s is of another type", name, dest)
	}
	return v, nil
}
