// Package e2e tests the whole of Byleave on real desktops, through its binaries. It needs bin/ (make build) and what make deps installs.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package e2e
