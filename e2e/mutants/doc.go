// Package mutants plants mistakes in copies of the source, one at a time, and runs the suite: it must find each.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package mutants
