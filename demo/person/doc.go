// Command person is the scripted person of the demo: it reads acts as JSON lines, does them on the desktop that DISPLAY names
// with a seeded human pace, and writes one JSON line for each when it is done. It uses robotgo, as people's own automations
// do, so it needs cgo and is never part of what ships.
//
// May import: demo/script
// Touches: os,net
// Goroutines: none
package main
