package power

import (
	"slices"
	"sync"

	"github.com/godbus/dbus/v5"
)

const theBus = "org.freedesktop.DBus"

// told is what signals gave reason to do.
type told struct{ energy, network, woke bool }

// news takes signals in. Every user of the computer may send us any signal, as often as they like: one counts only from who owns the name, and however
// many come, one thing is to be done.
type news struct {
	some chan struct{} // there is something to take

	mu     sync.Mutex
	owner  map[string]string
	reason told
}

func newNews() *news { return &news{some: make(chan struct{}, 1), owner: map[string]string{}} }

// take gives what came since the last time.
func (n *news) take() told {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := n.reason
	n.reason = told{}
	return k
}

// owned notes who owned a name when asked, unless it is known who does since.
func (n *news) owned(name, owner string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, known := n.owner[name]; !known {
		n.owner[name] = owner
	}
}

// DeliverSignal is that of dbus.SignalHandler. It never waits.
func (n *news) DeliverSignal(_, _ string, s *dbus.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	by := func(name string) bool { return s.Sender != "" && s.Sender == n.owner[name] }
	switch {
	case s.Sender == theBus && s.Name == theBus+".NameOwnerChanged" && len(s.Body) == 3:
		name, _ := s.Body[0].(string)
		n.owner[name], _ = s.Body[2].(string)
		n.reason.energy, n.reason.network = n.reason.energy || name == upower, n.reason.network || name == manager
	case by(logind) && s.Name == logind+".Manager.PrepareForSleep" && len(s.Body) == 1 && s.Body[0] == false:
		n.reason.woke = true
	case by(manager) && s.Path == managerAt && mentions(s, "Metered", "PrimaryConnection"):
		n.reason.network = true
	case by(upower) && (s.Path == upowerPath || s.Path == batteryPath) && mentions(s, "OnBattery", "Percentage"):
		n.reason.energy = true
	default:
		return
	}
	select {
	case n.some <- struct{}{}:
	default:
	}
}

// mentions tells whether one of the names changed.
func mentions(sig *dbus.Signal, names ...string) bool {
	if sig.Name != properties+".PropertiesChanged" || len(sig.Body) != 3 {
		return false
	}
	changed, _ := sig.Body[1].(map[string]dbus.Variant)
	gone, _ := sig.Body[2].([]string)
	return slices.ContainsFunc(names, func(n string) bool {
		_, ok := changed[n]
		return ok || slices.Contains(gone, n)
	})
}
