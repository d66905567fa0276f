// Package tlog is what people, custodians and the collector agree upon about the public ledger: what its leaves are, how its checkpoints
// are signed, and how somebody who trusts nobody checks that a leaf stands in it and that it only ever grew. The log itself is a C2SP
// tlog-tiles log; proto/SPEC.md section 5 is the text to this code.
//
// May import: proto/pb
// Touches: net
// Goroutines: none
package tlog
