// Package verb says what is wrong with how a verb was called, in the same words in every program.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package verb
