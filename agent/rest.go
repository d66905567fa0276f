package main

import "runtime/debug"

// rest gives memory back that the work of the last minute needed and the next second does not: free heap goes to the system, and so do the
// pages of the program's own file.
func rest() {
	debug.FreeOSMemory()
	letGo() // last, for the above walks through half of the program
}
