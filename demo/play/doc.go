// Package play is what the demo plays: a person works in real programs for about a minute, agrees, pauses, withdraws; a custodian
// exports; then what was exported is compared with what the person did, and every canary is looked for everywhere. The control
// run plays a shorter piece with an agent whose redactor is disconnected, where the same search must find everything.
//
// May import: demo/canary, demo/script, e2e/desktop, e2e/pty, e2e/stage, proto/pb
// Touches: disk,os
// Goroutines: none
package play
