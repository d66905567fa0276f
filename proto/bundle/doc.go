// Package bundle is one text file that a person reads and then gives to whoever helps them. It lists its parts before it is written, replaces
// nothing, and goes nowhere. What may stand in a part is decided by who makes it. All programs share it.
//
// May import: nothing of ours
// Touches: disk
// Goroutines: none
package bundle
