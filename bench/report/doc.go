// Package report writes what was measured: bench/out/NAME.json for programs, a table for people.
//
// May import: nothing of ours
// Touches: disk
// Goroutines: none
package report
