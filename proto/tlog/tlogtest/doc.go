// Package tlogtest is a ledger in memory for tests: honest unless it is told to lie.
//
// May import: proto/pb, proto/tlog
// Touches: net
// Goroutines: none
package tlogtest
