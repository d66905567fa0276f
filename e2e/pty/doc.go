// Package pty runs a command at a terminal of its own and types answers, as a person would. Consent is typed at a terminal and
// nowhere else, so tests and the demo need one.
//
// May import: nothing of ours
// Touches: os
// Goroutines: one per command that reads its terminal; Wait waits for it
package pty
