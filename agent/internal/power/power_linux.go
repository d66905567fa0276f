package power

import (
	"context"
	"errors"
	"fmt"
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
	n := newNews()
	conn, err := dbus.ConnectSystemBus(dbus.WithContext(ctx), dbus.WithSignalHandler(n))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoBus, err)
	}
	defer conn.Close()
	w.conn = conn
	if err := w.listen(ctx, n); err != nil {
		return err
	}
	w.readEnergy(ctx)
	w.readNetwork(ctx)
	w.tellHere()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-conn.Context().Done():
			return errors.New("the system bus went away")
		case <-n.some:
			w.hear(ctx, n.take())
		}
	}
}

// listen asks for exactly the signals that news understands, and who owns the names from which they count.
func (w *watch) listen(ctx context.Context, n *news) error {
	changed := dbus.WithMatchInterface(properties)
	member := dbus.WithMatchMember("PropertiesChanged")
	matches := [][]dbus.MatchOption{
		{dbus.WithMatchSender(upower), dbus.WithMatchObjectPath(upowerPath), changed, member},
		{dbus.WithMatchSender(upower), dbus.WithMatchObjectPath(batteryPath), changed, member},
		{dbus.WithMatchSender(manager), dbus.WithMatchObjectPath(managerAt), changed, member},
		{dbus.WithMatchSender(logind), dbus.WithMatchInterface(logind + ".Manager"), dbus.WithMatchMember("PrepareForSleep")},
	}
	for _, name := range []string{upower, manager, logind} {
		matches = append(matches, []dbus.MatchOption{dbus.WithMatchSender(theBus), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, name)})
	}
	for _, match := range matches {
		if err := w.conn.AddMatchSignal(match...); err != nil {
			return fmt.Errorf("listen to the system bus: %w", err)
		}
	}
	for _, name := range []string{upower, manager, logind} {
		var owner string
		if w.conn.BusObject().CallWithContext(ctx, theBus+".GetNameOwner", 0, name).Store(&owner) == nil { // else it has none
			n.owned(name, owner)
		}
	}
	return nil
}

// hear acts on what was told. What a signal says is not believed but asked for.
func (w *watch) hear(ctx context.Context, k told) {
	if k.woke {
		w.o.Woke()
	}
	if k.energy {
		w.readEnergy(ctx)
	}
	if k.network {
		w.readNetwork(ctx)
	}
	if k.energy || k.network {
		w.tellHere()
	}
}

// tellHere says what the bus said.
func (w *watch) tellHere() {
	w.told = true
	w.o.Changed(w.here)
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
