// Package x11 listens to an X display in pure Go, and only as far as it was told to: keys and pointer by RECORD while
// Record(true) holds, pictures of one window (never of the root) while Watch names it, the focus always. It asks no
// policy; capture does. Nothing runs while nothing happens.
//
// Three connections: control (window properties, focus), record (input; open only while recording) and picture
// (DAMAGE and MIT-SHM grabs, whose events and replies keep the order in which the server made them).
//
// May import: policy, agent/internal/capture/internal/raw
// Touches: os, net
// Goroutines: Open starts the loop that owns the event queue; each connection has one reader and the four of xgb
package x11
