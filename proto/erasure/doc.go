// Package erasure is what both sides of an erasure agree upon: the signed record, the receipt that a person keeps, and the call with
// which the receipt alone erases everything.
//
// May import: proto/code, proto/pb, proto/pin, proto/proxy, proto/tlog
// Touches: net
// Goroutines: none
package erasure
