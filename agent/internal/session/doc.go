// Package session is which desktop session the agent looks at: a display, the key that opens it, a session bus. The agent runs
// from login on, before there is any; it learns of one when the session hands itself over, or asks the person's service manager.
//
// May import: nothing of ours
// Touches: disk, net, os
// Goroutines: none
package session
