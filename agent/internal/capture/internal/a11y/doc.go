// Package a11y asks the desktop's accessibility bus (AT-SPI) what has the keyboard focus, and what lies under a point. It
// registers for focus events only: text-changed events would be a second log of keys. It never walks a tree on an event;
// Find looks through a bounded part of one. Every question has a deadline, so that an application that hangs holds up nobody.
//
// May import: policy
// Touches: os, net
// Goroutines: one for the bus connection's signals, from Open to Close; the bus library has its own reader
package a11y
