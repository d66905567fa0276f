// Package ingest measures what a collector takes in and what that costs: the real binary in a process of its own, over mutual TLS on
// loopback, with boxes that were really sealed, beside plain TCP, plain TLS and the plain disk in the same run. `go test
// ./bench/ingest` measures briefly and asserts nothing that depends on the machine's speed; make bench-ingest measures for the record.
//
// May import: nothing of ours
// Touches: nothing
// Goroutines: none
package ingest
