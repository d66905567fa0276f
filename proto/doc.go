// Package proto is the treaty between agent and collector: the messages, the box, and the test of who may import whom.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package proto
