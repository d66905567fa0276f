// Command demo plays the main job end to end: a person works in real programs on a virtual desktop, an agent records what was
// agreed, a collector keeps what it cannot read, a custodian exports; then it compares, searches for every planted secret, and
// says in a table and in demo/out/report.json whether the promises held. It drives the binaries only.
//
// May import: demo/canary, demo/play, e2e/desktop, e2e/stage
// Touches: disk,os
// Goroutines: none
package main
