// Package code turns 32 secret bytes into a code that is made to be printed, read aloud and typed again, and back. The recovery code
// of a person's key and the erasure code of a receipt are such codes.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package code
