// Package wire is the device's end of a connection to a collector: how a box goes from where it lies onto the line, in few copies and few
// calls of the system, and so that a slow line is seen to move. It knows nothing of boxes or people.
//
// May import: proto/pb
// Touches: net
// Goroutines: none
package wire
