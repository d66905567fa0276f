// Package rights carries out what a person may ask of what was recorded: that it be opened for them, that all of it be theirs to take
// along, and that it be forgotten. What is on this computer is
// destroyed at once; what had left is asked back from the collector until its signed word is here. An erasure is durable before
// anything is destroyed, so that neither a crash nor a missing network loses it.
//
// May import: proto/envelope, proto/envelope/open, proto/erasure, proto/pb
// Touches: disk
// Goroutines: none
package rights
