// Package service registers `byleave run` as a service of the person's own account: never of the machine, never of root.
// It starts at login, records nothing until there is a consent, and is stopped before it is removed.
//
// May import: nothing of ours
// Touches: os, disk
// Goroutines: none
package service
