// Package lock is what sealing and opening a box share and nobody else may have: how the payload's key is derived from its two
// halves, and how the payload is cut into sealed chunks. Being internal, only the packages below proto/envelope can name it.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package lock
