// Package service registers `byleave run` as a service of the person's own account: never of the machine, never of root. On Windows, where an
// account has no services, it registers the one of the computer that installer/keeper is. What it registers starts at login, records nothing
// until there is a consent, is stopped before it is removed, and leaves nothing behind.
//
// May import: nothing of ours
// Touches: os, disk, net
// Goroutines: none
package service
