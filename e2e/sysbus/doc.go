// Package sysbus is a system bus of a test's own: a real dbus-daemon, and on it UPower, NetworkManager and logind as python-dbusmock
// serves them, so that a machine without a battery or a modem can say that it has one.
//
// May import: nothing of ours
// Touches: os, net
// Goroutines: none
package sysbus
