// Package control is the door of a running agent: verbs as HTTP and JSON over a Unix socket in a folder that only its person
// may enter, on Windows over a named pipe that only its person may open. Who calls is asked of the operating system before a verb
// runs: the same user may do everything, root only what a verb allows, anybody else nothing. There is no TCP port.
//
// May import: nothing of ours
// Touches: disk, net, os
// Goroutines: Serve starts the HTTP server and waits for it
package control
