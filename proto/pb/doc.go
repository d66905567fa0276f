// Package pb is generated from proto/byleave/v1; proto/generate.sh makes it anew.
//
// May import: nothing of ours
// Touches: net
// Goroutines: none
package pb
