// Package collector runs the real collector for measurements, in a process of its own: starts it, stops it, kills it, starts it again at the
// same address, and tells what all its lives together cost.
//
// May import: nothing of ours
// Touches: disk, os
// Goroutines: none
package collector
