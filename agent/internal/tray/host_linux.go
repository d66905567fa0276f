package tray

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"
)

// watcher is the name under which a desktop shows tray icons.
const watcher = "org.kde.StatusNotifierWatcher"

// busWait is how long the session bus may take to answer.
const busWait = 5 * time.Second

func icon(state string) []byte { return pngIcon(state) }

// host is the desktop's side of the tray.
type host struct {
	here    bool
	changed chan bool // closed when the bus goes
}

func (h host) words() string        { return wordsOf(h.here) }
func (h host) changes() <-chan bool { return h.changed }

// Hosted says why nobody shows tray icons in this session, "" if somebody does.
func Hosted(ctx context.Context) string {
	conn, err := dial(ctx)
	if err != nil {
		return ErrNoBus.Error()
	}
	defer conn.Close()
	here, err := owned(ctx, conn)
	if err != nil {
		return ErrNoBus.Error()
	}
	return wordsOf(here)
}

// dial connects to a session bus that exists. The library would start one.
func dial(ctx context.Context) (*dbus.Conn, error) {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if err := conn.Auth(nil); err == nil {
		if err = conn.Hello(); err == nil {
			return conn, nil
		}
	}
	conn.Close()
	return nil, ErrNoBus
}

func owned(ctx context.Context, conn *dbus.Conn) (here bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, busWait)
	defer cancel()
	err = conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, watcher).Store(&here)
	return here, err
}

// meet finds the bus, whether somebody shows icons, and follows whether they do. The connection is the one that the tray library
// uses and closes.
func meet(ctx context.Context) (host, error) {
	probe, err := dial(ctx)
	if err != nil {
		return host{}, ErrNoBus
	}
	probe.Close()
	conn, err := dbus.SessionBus()
	if err != nil {
		return host{}, ErrNoBus
	}
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	err = conn.AddMatchSignal(dbus.WithMatchSender("org.freedesktop.DBus"), dbus.WithMatchInterface("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, watcher))
	if err != nil {
		return host{}, ErrNoBus
	}
	h := host{changed: make(chan bool, 1)}
	if h.here, err = owned(ctx, conn); err != nil {
		return host{}, ErrNoBus
	}
	go h.follow(signals)
	return h, nil
}

// follow ends with the connection.
func (h host) follow(signals <-chan *dbus.Signal) {
	defer close(h.changed)
	for s := range signals {
		if s.Name != "org.freedesktop.DBus.NameOwnerChanged" || len(s.Body) != 3 || s.Body[0] != watcher {
			continue
		}
		owner, _ := s.Body[2].(string)
		select {
		case <-h.changed: // an older answer that nobody read
		default:
		}
		h.changed <- owner != ""
	}
}
